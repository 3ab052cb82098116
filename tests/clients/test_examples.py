"""Every question of docs/examples.md, as it stands there, beside the pooled rows."""

import re
from decimal import Decimal

import pytest

from conftest import ROOT

BLOCKS = re.findall(
    r"^## (.+?)\n(?:(?!^## ).)*?^```sql\n(.*?)^```", (ROOT / "docs" / "examples.md").read_text(), re.DOTALL | re.MULTILINE
)
# Percentiles are read from bins of at most 0.1 % of their values.
BIN = 0.00101


# Questions for which three sites of 600 patients have too few persons.
TOO_FEW = {
    "New cases by year",
    "Length of stay",
    "Readmission",
    "Influenza by week and age",
    "A value beyond three times its upper limit",
    "Deaths within 30 days",
}


def test_there_are_twelve():
    assert len(BLOCKS) == 12


@pytest.mark.parametrize("name, sql", BLOCKS, ids=[name for name, _ in BLOCKS])
def test_an_example_equals_the_pooled_rows(connection, oracle, name, sql):
    names, expected = oracle.ask(sql)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetch_arrow_table()
    assert found.column_names == [*names, "renkei_sites", "renkei_held"]
    rows = [tuple(row.values())[: len(names)] for row in found.to_pylist()]
    assert len(rows) == len(expected) > 0
    for row, other in zip(sorted(rows, key=order), sorted(expected, key=order)):
        for column, a, b in zip(names, row, other):
            a, b = plain(a), plain(b)
            if isinstance(a, float) and isinstance(b, (int, float)):
                near = BIN if column.startswith(("median", "upper", "hba1c")) else 1e-9
                assert abs(a - b) <= near * abs(b) + 1e-9, (column, row, other)
            else:
                assert a == b, (column, row, other)


@pytest.fixture(scope="module")
def guarded(consortium):
    with consortium.connect("guarded") as connection:
        yield connection


@pytest.mark.parametrize("name, sql", BLOCKS, ids=[name for name, _ in BLOCKS])
def test_an_example_tells_something_where_ten_persons_are_needed(guarded, name, sql):
    """Some rows have every value at a minimum of ten. With 600 patients a site some questions ask for too few persons: these are
    answered, and what is held is NULL or not listed."""
    with guarded.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetch_arrow_table().to_pylist()
    whole = [row for row in rows if all(value is not None for value in row.values()) and row["renkei_sites"] > 0]
    assert bool(whole) == (name not in TOO_FEW), rows


def plain(value):
    """DuckDB's week is a date, the gateway's a timestamp; a decimal is a number."""
    if isinstance(value, Decimal):
        return float(value)
    return str(value)[:10] if hasattr(value, "isoformat") else value


def order(row):
    """By what is not computed: the keys of each row are unique."""
    return [str(plain(value)) for value in row if not isinstance(value, float)]
