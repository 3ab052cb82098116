"""An auditor copies all logs of the consortium from the gateway and compares them in one place, with the command alone."""

import json
import re
import time

import pytest

from conftest import running
from consortium import Consortium, Project

SITES = ("nagano", "osaka")
QUESTIONS = (
    "SELECT site_id, count(*) AS n FROM person GROUP BY site_id ORDER BY site_id",
    "SELECT count(*) AS n FROM person WHERE year_of_birth > (SELECT avg(year_of_birth) FROM person)",
)


@pytest.fixture(scope="module")
def audited(bin_dir, tmp_path_factory):
    project = Project("open", ("taro",), minimum_persons=1)
    consortium = Consortium(
        tmp_path_factory.mktemp("audited"), bin_dir, SITES, ("taro",), (project,), token_person="taro", auditors=("kato",)
    )
    consortium.prepare()
    for site in SITES:
        source = consortium.dir / "sources" / site
        consortium.run("sim-hospital", "--site", site, "--seed", 7, "--patients", 60, "--profile", "regional",
                       "--format", "parquet-v54", "--out", source)
        consortium.ingest(site, source)
    yield from running(consortium)


@pytest.fixture(scope="module")
def keys(audited):
    """The keys of all logs and witnesses, as each prints its own."""
    state = audited.dir / "state"
    printed = [audited.run("renkei-gateway", "audit", "key", "--state-dir", state / "gateway")]
    printed += [audited.run("renkei-node", "audit", "key", "--state-dir", state / site) for site in SITES]
    path = audited.dir / "keys.txt"
    path.write_bytes(b"".join(done.stdout for done in printed))
    return path


def pull(audited: Consortium, keys, *args) -> str:
    done = audited.renkei("audit", "pull", "--out", audited.dir / "copies", "--keys", keys, *args, person="kato", project=None)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return done.stdout.decode()


def test_all_logs_are_copied_and_compared_in_one_place(audited, keys):
    for question in QUESTIONS:
        assert audited.renkei("query", "--quiet", question).returncode == 0
    copies, limit, counts = audited.dir / "copies", time.monotonic() + 60, []
    # One question has one round at each site, the other two.
    while counts != [{"matched": 3}] * len(SITES):
        assert time.monotonic() < limit, counts
        time.sleep(2)
        told = pull(audited, keys)
        if told.count("entries") <= len(SITES):
            # Not all logs have signed anything yet.
            continue
        compared = audited.run("renkei", "audit", "reconcile", "--log", copies, "--keys", keys, "--output", "json")
        counts = [comparison["found"]["counts"] for comparison in json.loads(compared.stdout)["comparisons"]]
    assert told.count("as the gateway copied it until") == len(SITES), told
    verified = audited.run("renkei", "audit", "verify", "--log", copies, "--keys", keys, "--witnesses", keys, "--output", "json")
    logs = json.loads(verified.stdout)["logs"]
    assert len(logs) == 1 + len(SITES) and all(log["sound"] and log["key_given"] for log in logs)


def test_what_was_done_is_told_in_japanese_alone(audited, keys):
    copies = audited.dir / "copies"
    told = audited.run("renkei", "audit", "search", "--log", copies, "--keys", keys, "--output", "sentences", "--lang", "ja",
                       "--kind", "act", "--limit", 10_000).stdout.decode()
    assert "有効な設定: 2施設、1課題" in told, told
    english = [line for line in told.splitlines() if re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", line)]
    assert told and not english, "\n".join(english)


def test_the_copy_of_a_site_that_is_away_verifies_as_of_its_time(audited, keys):
    copies = audited.dir / "copies"
    with audited.without("nagano"):
        time.sleep(1)
        told = pull(audited, keys, "--lang", "ja")
        assert "ゲートウェイによる複製は" in told, told
        # Anything but success is trouble.
        audited.run("renkei", "audit", "verify", "--log", copies, "--keys", keys, "--witnesses", keys)
    # The copies at the gateway, beside its own log in use.
    time.sleep(12)
    audited.run("renkei", "audit", "verify", "--log", audited.dir / "state" / "gateway", "--keys", keys)


def test_heads_of_a_log_whose_key_was_lost_are_not_those_of_the_new_one(audited):
    """The ceremony of docs/operations/audit.md: a new log and key at one site, named to everybody else."""
    state = audited.dir / "state"
    node = audited.programs["node-osaka"]
    node.stop()
    (state / "osaka" / "audit").rename(state / "osaka" / "audit-before")
    for name in ("audit.key", "audit.pub", "witness.pub"):
        (state / "osaka" / name).unlink()
    node.start()
    audited.wait_connected(SITES)
    printed = audited.run("renkei-node", "audit", "key", "--state-dir", state / "osaka").stdout.decode().split()
    told = f"\n[audit]\npeers = {json.dumps(printed)}\n"
    for name, config in (("gateway", audited.gateway_config), ("node-nagano", audited.node_config("nagano"))):
        config.write_text(config.read_text() + told)
        audited.programs[name].stop()
        audited.programs[name].start()
    audited.wait_connected(SITES)
    assert audited.renkei("query", "--quiet", QUESTIONS[0]).returncode == 0
    limit = time.monotonic() + 90
    while not (state / "gateway" / "peers" / "osaka" / "checkpoint").exists():
        assert time.monotonic() < limit, "the new log is not copied"
        time.sleep(1)
    time.sleep(12)
    before = state / "gateway" / "peers-before" / "osaka-1"
    shown = audited.run("renkei", "audit", "verify", "--log", state / "gateway", "--output", "json")
    logs = {log["folder"]: log["sound"] for log in json.loads(shown.stdout)["logs"]}
    assert logs[str(before)] and len(logs) == 4 and all(logs.values()), logs


def test_reading_the_gateways_own_log_is_recorded(audited):
    state = audited.dir / "state" / "gateway"
    shown = lambda: audited.run("renkei-gateway", "audit", "show", "--state-dir", state, "--last", 3).stdout.decode()
    shown()
    limit = time.monotonic() + 20
    while "the newest 3 entries shown" not in shown():
        assert time.monotonic() < limit
        time.sleep(0.5)
    assert "account" in shown(), "which account it was is sealed"
