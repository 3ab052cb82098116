"""Programs that are killed at random moments under load: no answer without its records on both sides, no log that does
not verify afterwards.

Twenty kills, or as many as RENKEI_KILLS says.
"""

import json
import os
import random
import threading
import time

import pytest

from conftest import running
from consortium import Consortium, Project, Trouble

KILLS = int(os.environ.get("RENKEI_KILLS", "20"))
SEED = int(os.environ.get("RENKEI_SEED", str(random.randrange(1 << 32))))
SITES = ("nagano", "osaka")
QUESTIONS = (
    "SELECT site_id, count(*) AS n FROM person GROUP BY site_id ORDER BY site_id",
    "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id",
    "SELECT count(*) AS n FROM person WHERE year_of_birth > (SELECT avg(year_of_birth) FROM person)",
)


@pytest.fixture(scope="module")
def killed(bin_dir, tmp_path_factory):
    project = Project("open", ("taro",), minimum_persons=1)
    consortium = Consortium(tmp_path_factory.mktemp("killed"), bin_dir, SITES, ("taro",), (project,), token_person="taro")
    consortium.prepare()
    for site in SITES:
        source = consortium.dir / "sources" / site
        consortium.run("sim-hospital", "--site", site, "--seed", 7, "--patients", 60, "--profile", "regional",
                       "--format", "parquet-v54", "--out", source)
        consortium.ingest(site, source)
    yield from running(consortium)


def ask(consortium: Consortium, stop: threading.Event, asked: list[int]) -> None:
    choose = random.Random(threading.get_ident())
    while not stop.is_set():
        done = consortium.renkei("query", "--quiet", "--deadline", "5s", choose.choice(QUESTIONS))
        asked.append(done.returncode)


def kill(consortium: Consortium, choose: random.Random) -> None:
    for _ in range(KILLS):
        # Some follow each other while programs still start; before others there is time for answers.
        time.sleep(choose.uniform(0.0, choose.choice((0.5, 2.5))))
        program = consortium.programs[choose.choice(("gateway", *(f"node-{site}" for site in SITES)))]
        if program.ended() is not None:
            raise Trouble(f"{program.name} ended by itself with {program.ended()}:\n{program.log.read_text()[-3000:]}")
        program.kill()
        program.start()


def entries(consortium: Consortium, program: str, state: str) -> list[dict]:
    shown = consortium.run(program, "audit", "show", "--last", 10_000_000, "--state-dir", consortium.dir / "state" / state)
    return [json.loads(line)["body"] for line in shown.stdout.splitlines()]


def answered(log: list[dict], site: str | None = None) -> set[str]:
    """Questions whose answers a log has, of a site at the gateway."""
    ends = (entry["outcome"] for entry in log if "outcome" in entry)
    return {end["query"] for end in ends if end["state"] == "answered" and end.get("site") == site}


# A kill takes 0.75 s at the mean.
def test_no_answer_without_its_records_whenever_somebody_is_killed(killed):
    print(f"seed {SEED}, {KILLS} kills")
    stop, asked = threading.Event(), []
    asking = [threading.Thread(target=ask, args=(killed, stop, asked)) for _ in range(3)]
    for thread in asking:
        thread.start()
    try:
        kill(killed, random.Random(SEED))
    finally:
        stop.set()
        for thread in asking:
            thread.join()
    killed.wait_connected(SITES)
    # One more question, so that every log is signed again over all that came before.
    assert killed.renkei("query", "--quiet", QUESTIONS[0]).returncode == 0
    time.sleep(12)
    kept = [json.loads(path.read_text()) for path in killed.dir.rglob("receipts/*.json") if path.name != "keys.json"]
    kept = [answer for answer in kept if answer["rows"] is not None]
    # On a busy machine few questions end between two kills.
    assert len(kept) > KILLS / 100, f"{len(kept)} were answered: {asked}"
    print(f"{len(asked)} questions, {len(kept)} of them answered")
    # Each log holds what it promised with the answer.
    proven = killed.renkei("receipts", "--output", "json", limit=600)
    results = {json.loads(line)["result"] for line in proven.stdout.splitlines()}
    assert (proven.returncode, results) == (0, {"proven"}), proven.stdout.decode() + proven.stderr.decode()
    killed.stop()

    gateway = entries(killed, "renkei-gateway", "gateway")
    nodes = {site: entries(killed, "renkei-node", site) for site in SITES}
    for answer in kept:
        query = answer["query_id"]
        assert query in answered(gateway), f"{query}: the gateway has no record"
        for site in (end["site"] for end in answer["answer"]["sites"] if end["state"].startswith("answered")):
            assert query in answered(gateway, site), f"{query}: the gateway has no record of {site}"
            assert query in answered(nodes[site]), f"{query}: {site} has no record"
    logs = [word for state in ("gateway", *SITES) for word in ("--log", killed.dir / "state" / state / "audit")]
    for command in ("verify", "reconcile"):
        # Anything but success is trouble.
        killed.run("renkei", "audit", command, *logs)
