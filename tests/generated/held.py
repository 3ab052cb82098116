"""Answers with held parts: what must hold of them whatever a site keeps back.

At a minimum of two or three persons the small hospitals hold cells, aggregates and bins. Then an answer is not the pooled one,
but it is never silently wrong:

- every row is a row of the pooled answer, and where nothing of it is held its values are the pooled ones;
- the pooled value lies between `_low` and `_high`, wherever there is such an end;
- a percentile is as near to the pooled one as the answer's warning says;
- of the rows that some site lists, those that HAVING or LIMIT take otherwise than over the pooled rows are no more than
  the answer says are undecided.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import adbc_driver_manager

from cells import Cells, released
from check import LARGEST, Outcome, ask, ends, names_unknown, refusal
from draw import Draw
from hospitals import HELD, Hospitals, differences, normal
from queries import Select, With
from statements import FEATURES, Statement, used
from steps import ordered
from tree import Percentile

# What a result that travels holds back changes whom the next round counts, and what no site lists of distinct codes is
# not counted: of neither is there a pooled value to be near to.
DRAWN = tuple(feature for feature in FEATURES if feature not in ("two_round", "distinct_codes"))
ATTEMPTS = 1_000
# Of so many statements one has a percentile by one key at least.
WITH_PERCENTILE = 8
WIDTH = re.compile(r"the exact value differs by at most ([0-9.e+-]+)")


def drawn(seed: int) -> tuple[str, Statement]:
    """A project, and one release point whose rows are told apart by their keys; HAVING or LIMIT, but not both."""
    for attempt in range(ATTEMPTS):
        d = Draw(seed * ATTEMPTS + attempt, DRAWN)
        d.parameters = False
        cells = released(d)
        if not cells.unique or not isinstance(cells.query, Select):
            continue
        if seed % WITH_PERCENTILE == 0 and not (percentiles(cells.query) and len(cells.unique) == 1):
            continue
        if not cells.query.having and d.chance(0.5):
            cells = ordered(d, cells)
        return d.weighted(((name, weight) for name, (*_, weight) in HELD.items())), whole(seed, d, cells)
    raise AssertionError(f"no statement with keys in {ATTEMPTS}")


def whole(seed: int, d: Draw, cells: Cells) -> Statement:
    named = used(tuple((name, query) for name, query, _ in d.named), cells.query)
    return Statement(seed, With(named, cells.query) if named else cells.query, frozenset(d.tags), "$")


def with_body(statement: Statement, **changes) -> Statement:
    """The same with other clauses of its body."""
    body = replace(statement.body, **changes)
    query = replace(statement.query, body=body) if isinstance(statement.query, With) else body
    return replace(statement, query=query)


def check(hospitals: Hospitals, seed: int, seen: Counter) -> tuple[str, Statement, Outcome]:
    project, statement = drawn(seed)
    return project, statement, judged(hospitals, project, statement, seen)


def judged(hospitals: Hospitals, project: str, statement: Statement, seen: Counter) -> Outcome:
    plain = with_body(statement, having=(), order=(), limit=None, offset=None)
    names, pooled = hospitals.pooled(project, *plain.pooled())
    if any(isinstance(value, int) and abs(value) > LARGEST for row in pooled for value in row):
        return Outcome("same")
    keys = keys_of(plain, names)
    truth = {key(row, keys): row for row in pooled}
    try:
        found_names, found = ask(hospitals, project, *plain.sql(), prepared=False, bounds=True)
        why = rows(names, truth, keys, found_names, found, percentiles(plain.body), seen)
        if why is None and percentiles(plain.body):
            why = near(hospitals, project, plain, names, truth, keys, seen)
        if why is None and (statement.body.having or statement.body.limit is not None):
            listed = {key(row, keys) for row in found}
            why = undecided(hospitals, project, statement, listed, seen)
    except adbc_driver_manager.Error as error:
        outcome = refusal(error)
        unknown = outcome.code == "E-NOT-MAPPED" and names_unknown(statement)
        return replace(outcome, kind="same") if unknown else outcome
    return Outcome("same") if why is None else Outcome("wrong", why)


def keys_of(statement: Statement, names: list[str]) -> list[int]:
    body = statement.body
    kept = [item.name for item in (body.items if body.distinct else body.keys)]
    return [names.index(name) for name in kept]


def key(row: tuple, keys: Iterable[int]) -> tuple:
    return tuple(map(str, normal(tuple(row[i] for i in keys))))


def percentiles(query: Select) -> list[str]:
    return [item.name for item in query.items if isinstance(item.expression, Percentile)]


def rows(names, truth, keys, found_names, found, read_from_bins, seen: Counter) -> str | None:
    """What is wrong with the rows and their bounds."""
    bounds, at = ends(found_names), {name: i for i, name in enumerate(found_names)}
    for row in found:
        pooled = truth.get(key(row, keys))
        if pooled is None:
            return f"a row that the pooled answer does not have: {row}"
        held = row[at["renkei_held"]]
        seen.update(rows=1, whole=held == 0, held=held > 0)
        for i, name in enumerate(names):
            value, expected = row[at[name]], pooled[i]
            if held == 0 and name not in read_from_bins and differences([(value,)], [(expected,)], True):
                return f"nothing is held, and `{name}` is {value} instead of {expected}: {row}"
            if name not in bounds:
                continue
            low, high = (row[end] for end in bounds[name])
            seen.update(bounded=low is not None and high is not None and held > 0)
            if low is not None and low > expected or high is not None and high < expected:
                return f"`{name}` is {expected}, and said to lie between {low} and {high}: {row}"
            if held == 0 and not low == value == high:
                return f"nothing is held, and `{name}` has bounds: {row}"
    return None


def asked(hospitals: Hospitals, project: str, statement: Statement) -> dict:
    """What the command says of an answer."""
    sql, _ = statement.sql()
    done = hospitals.consortium.renkei("query", "--output", "json", "--status", "json", sql, project=project)
    assert done.returncode in (0, 3), done.stderr.decode()
    return json.loads(done.stderr)["answer"]


def near(hospitals, project, statement: Statement, names, truth, keys, seen: Counter) -> str | None:
    """What is wrong with the percentiles of rows of which nothing is held."""
    warnings = asked(hospitals, project, statement)["warnings"]
    widths = [float(width) for text in warnings for width in WIDTH.findall(text)]
    # The width is said in four digits.
    width = max(widths, default=0.0) * 1.001 + 1e-9
    found_names, found = ask(hospitals, project, *statement.sql(), prepared=False)
    for name in percentiles(statement.body):
        here, there = found_names.index(name), names.index(name)
        for row in found:
            value, expected = row[here], truth[key(row, keys)][there]
            if row[-1] != 0 or value is None:
                continue
            seen.update(percentiles=1)
            if expected is None or abs(value - expected) > width + 1e-9 * abs(expected):
                return f"`{name}` is {expected}, and {value} is said to be within {width} of it: {row}"
    return None


def undecided(hospitals: Hospitals, project: str, statement: Statement, listed: set, seen: Counter) -> str | None:
    """Whether more rows are in or out than the answer says might be."""
    body = statement.body
    told = sum(clause["rows"] for clause in asked(hospitals, project, statement)["undecided"])
    names, pooled = hospitals.pooled(project, *with_body(statement, limit=None, offset=None).pooled())
    keys = keys_of(statement, names)
    right = [key(row, keys) for row in pooled if key(row, keys) in listed]
    if body.limit is not None:
        first = body.offset or 0
        right = right[first : first + body.limit]
    _, found = ask(hospitals, project, *statement.sql(), prepared=False)
    wrong = set(right) ^ {key(row, keys) for row in found}
    clause = "having" if body.having else "limit"
    seen.update({clause: 1, f"undecided_by_{clause}": told > 0, f"otherwise_by_{clause}": len(wrong) > 0})
    if len(wrong) > told:
        return f"{len(wrong)} rows are taken otherwise, and {told} are said to be undecided: {sorted(wrong)[:5]}"
    return None

