"""A hospital looks at a statement, registers it, and ends the registration; a researcher is told."""

import json
import subprocess

from consortium import Consortium, environment

EVERYBODY = "SELECT count(DISTINCT person_id) AS n FROM person"
PLAIN = "SELECT gender_concept_id, count(DISTINCT person_id) AS n FROM person GROUP BY 1"


def node(consortium: Consortium, *args) -> subprocess.CompletedProcess:
    command = [str(consortium.bin / "renkei-node"), *args, "--config", str(consortium.node_config("tokyo")), "--lang", "en"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(consortium.dir))


def explained(consortium: Consortium, sql: str) -> str:
    done = consortium.renkei("explain", "--output", "json", sql, project="guarded")
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_statement_is_looked_at_registered_told_and_withdrawn(consortium):
    assert consortium.renkei("query", EVERYBODY, project="guarded").returncode == 0, "the ledger is there"
    shown = node(consortium, "preview", "guarded", PLAIN, "--register", "by sex")
    assert shown.returncode == 0, shown.stderr
    assert "leaves" in shown.stdout and "registered as `by sex`" in shown.stdout, shown.stdout
    listed = node(consortium, "statements", "list")
    assert "guarded  by sex" in listed.stdout, listed
    assert "registered it as `by sex`" in explained(consortium, PLAIN)
    assert "registered" not in explained(consortium, PLAIN.replace("AS n", "AS m")), "other words are another statement"
    before = json.loads(consortium.renkei("query", "--quiet", "--output", "json", EVERYBODY, project="guarded").stdout)
    assert before["n"] > 0
    assert node(consortium, "statements", "withdraw", "guarded", "by sex").returncode == 0
    assert "registered" not in explained(consortium, PLAIN)
    assert node(consortium, "statements", "list").stdout == ""
    again = node(consortium, "statements", "withdraw", "guarded", "by sex")
    assert again.returncode == 1 and "has no registered statement" in again.stderr, again


def test_what_cannot_be_registered_says_why(consortium):
    for sql, reason in [
        ("SELECT count(DISTINCT person_id) AS n FROM death WHERE death_date < current_date", "write the date out"),
        ("SELECT year_of_birth, count(DISTINCT person_id) AS n FROM person GROUP BY 1", "do not leave"),
        (
            "SELECT count(DISTINCT c.person_id) AS n FROM condition_occurrence c JOIN concept_ancestor a "
            "ON a.descendant_concept_id = c.condition_concept_id WHERE a.ancestor_concept_id = 201826",
            "write them out",
        ),
    ]:
        shown = node(consortium, "preview", "guarded", sql, "--register", "x")
        assert shown.returncode == 6 and f"not registered" in shown.stdout and reason in shown.stdout, (sql, shown)
    assert node(consortium, "statements", "list").stdout == ""
    shown = node(consortium, "preview", "open", EVERYBODY, "--register", "x")
    assert shown.returncode == 6 and "minimum below 5" in shown.stdout, shown
