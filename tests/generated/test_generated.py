"""The proof by generation as tests: a fixed seed, thousands of statements, and what must be true of the run itself."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import records
from catalogue import TABLES
from check import ADDED, CODES, ask
from hospitals import Hospitals, binaries, differences
from mutations import RULES
from named import CASES
from run import Run
from shrink import as_test, shrink
from statements import FEATURES, OPTIONAL, statement
from summary import LEAST_LIVE

SEED = 1
STATEMENTS = int(os.environ.get("RENKEI_GENERATED_COUNT", "10000"))
MUTATIONS = max(len(RULES) * 5, STATEMENTS // 10)
HELD = max(200, STATEMENTS // 20)
# What answers with held parts must have had to do with, so that they prove something.
SEEN = ("whole", "held", "bounded", "having", "limit")
ENOUGH_FOR_RARE = 500
RARELY = ("percentiles", "undecided_by_having", "undecided_by_limit", "otherwise_by_having")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    hospitals = Hospitals(tmp_path_factory.mktemp("generated"), binaries())
    try:
        hospitals.start()
        yield Run(hospitals)
    finally:
        hospitals.stop()


def test_answers_equal_pooled_rows(run, capsys):
    run.statements(SEED, STATEMENTS)
    print(run.summary.text())
    with capsys.disabled():
        print(f"\n{run.summary.text().splitlines()[0]}")
    failures = [run.shrunk(failure) for failure in run.distinct()[:5]]
    shown = "\n\n".join(f"{one.text()}\n{as_test(one.statement, 'a name')}" for one in failures)
    assert not run.failures, f"{len(run.failures)} of {STATEMENTS} statements failed; one of each sort:\n{shown}"
    assert run.summary.live >= LEAST_LIVE * run.summary.asked, "answers without anything in them prove nothing"
    assert not run.summary.thin(), "parts of the language that hardly occur with something to say"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_named_statement(run, case):
    names, expected = run.hospitals.pooled("open", case.oracle or case.sql, case.parameters)
    found_names, found = ask(run.hospitals, "open", case.sql, list(case.parameters))
    assert found_names == names + ADDED
    assert not (why := differences([row[: len(names)] for row in found], expected, case.ordered)), why


def test_mutations_are_refused(run):
    wrong = run.mutations(SEED, MUTATIONS)
    print(run.summary.text())
    assert not wrong, "\n".join(wrong[:10])
    assert set(run.summary.codes) <= {*CODES, "answered"}
    assert {rule.name for rule in RULES if rule.applies(FEATURES)} == set(run.summary.mutations)


def test_held_parts_are_bounded(run):
    seen = run.held(SEED, HELD)
    print(run.summary.text())
    shown = "\n\n".join(f"{one.project} {one.statement.seed}: {one.text()}" for one in run.held_failures[:5])
    assert not run.held_failures, f"{len(run.held_failures)} of {HELD} answers with held parts are wrong:\n{shown}"
    assert all(seen[name] * 20 >= HELD for name in SEEN), seen
    assert HELD < ENOUGH_FOR_RARE or all(seen[name] for name in RARELY), seen


def test_the_same_seed_makes_the_same_statements():
    """In every process: the order of sets and dictionaries must not matter."""
    code = (
        "import hashlib, statements as s; "
        "print(hashlib.sha256(repr([s.statement(i, s.OPTIONAL).sql() for i in range(300)]).encode()).hexdigest())"
    )
    folder = Path(__file__).parent
    run = lambda seed: (
        subprocess.run(  # noqa: E731
            [sys.executable, "-c", code],
            cwd=folder,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
    )
    assert run("1") == run("2")


def test_the_records_are_adversarial(tmp_path):
    rows = {site.name: records.Filling(site).tables() for site in records.HOSPITALS}
    persons = {name: {row["person_id"] for row in tables["person"]} for name, tables in rows.items()}
    assert len(persons["lone"]) == 1 and not any(rows["bare"][table] for table in records.EVENTS)
    assert len(persons["east"] & persons["west"]) > 5, "other people of the same numbers"
    for name in ("east", "west"):
        tables = rows[name]
        ids = Counter(row["measurement_id"] for row in tables["measurement"])
        assert max(ids.values()) >= 3, "event ids repeat across persons"
        visits = {(row["person_id"], row["visit_occurrence_id"]) for row in tables["visit_occurrence"]}
        assert len(visits) < len(tables["visit_occurrence"]), "visits repeat within a person"
        named = {(row["person_id"], row["visit_occurrence_id"]) for row in tables["measurement"]}
        assert {visit for _, visit in named - visits} - {None}, "visits that do not exist"
        assert persons[name] - {row["person_id"] for t in records.EVENTS for row in tables[t]}, "persons without events"
    for table in records.EVENTS:
        for column in TABLES[table].columns:
            values = [row[column.name] for tables in rows.values() for row in tables[table]]
            assert column.required == (None not in values), f"{table}.{column.name}"
    days = {row["measurement_date"] for tables in rows.values() for row in tables["measurement"]}
    assert {"2020-02-29", "0001-01-01", "9999-12-31"} <= days


def test_shrinking_keeps_what_fails():
    made = next(s for s in map(statement, range(1000)) if "FULL JOIN" in s.sql()[0] and len(s.sql()[0]) > 600)
    small = shrink(made, lambda s: "FULL JOIN" in s.sql()[0])
    assert "FULL JOIN" in small.sql()[0] and len(small.sql()[0]) < 150, small.sql()[0]
    assert '"a full join",' in as_test(small, "a full join")


@pytest.mark.parametrize("feature", OPTIONAL)
def test_optional_parts_are_optional(feature):
    """What is not switched on does not occur, and what is does."""
    words = {
        "subquery": "EXISTS (",
        "two_round": " IN (SELECT",
        "grouping_sets": "ROLLUP",
        "distinct_keys": "count(DISTINCT t",
        "distinct_codes": "concept_id)",
        "bivariate": "regr_",
        "percentiles": "percentile_cont",
        "code_prefix": "code_prefix(",
    }
    texts = [statement(seed, (feature,)).sql()[0] for seed in range(600)]
    assert any(words[feature] in text for text in texts)
    if feature not in ("distinct_keys", "distinct_codes"):
        assert not any(words[feature] in statement(seed, ()).sql()[0] for seed in range(600))
