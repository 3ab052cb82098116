"""Percentiles are read from counts in bins: within a bin of the exact value where nothing is guarded, within the
bounds that the answer states where it is, and never beyond the edges that ten persons stand behind."""

import re

import pytest

# Bins are at most 0.1 % of their values wide.
BIN = 0.00101
BY_CODE = """SELECT measurement_concept_id AS c, unit_concept_id AS u, count(value_as_number) AS n, median(value_as_number) AS middle,
    percentile_cont(0.05) WITHIN GROUP (ORDER BY value_as_number) AS low,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY value_as_number) AS high
    FROM measurement WHERE value_as_number IS NOT NULL GROUP BY 1, 2"""
STATEMENTS = {
    "by code and unit": BY_CODE,
    "a total": "SELECT 1 AS c, median(value_as_number) AS middle FROM measurement WHERE measurement_concept_id = 3004410",
    "counted from above": "SELECT gender_concept_id AS c, percentile_cont(0.25) WITHIN GROUP (ORDER BY year_of_birth DESC) AS q FROM person GROUP BY 1",
    "stays": "SELECT visit_concept_id AS c, median(visit_end_date - visit_start_date) AS days FROM visit_occurrence GROUP BY 1",
    "visits of a person": "SELECT gender_concept_id AS c, median(n) AS visits FROM (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id) v JOIN person p ON p.person_id = v.person_id GROUP BY 1",
    "of some": "SELECT measurement_concept_id AS c, median(value_as_number) FILTER (WHERE value_as_number > 6) AS m FROM measurement GROUP BY 1",
    "of differences": "SELECT measurement_concept_id AS c, median(value_as_number - range_high) AS m FROM measurement GROUP BY 1",
    "of bands": "SELECT site_id AS c, approx_percentile_cont(year_of_birth, 0.75) AS q FROM person GROUP BY 1",
}
ORACLE = {"of bands": "SELECT site_id AS c, quantile_cont(year_of_birth, 0.75) AS q FROM person GROUP BY 1"}


def ask(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.parametrize("name", STATEMENTS)
def test_within_a_bin_of_the_exact_value(connection, oracle, name):
    sql = STATEMENTS[name]
    names, rows = oracle.ask(ORACLE.get(name, sql))
    exact = {row[:2] if name == "by code and unit" else row[0]: row for row in rows}
    found = ask(connection, sql)
    assert len(found) == len(exact) > 0
    told = 0
    for *row, _, held in found:
        wanted = exact[tuple(row[:2]) if name == "by code and unit" else row[0]]
        assert held == 0
        for column, value, other in zip(names, row, wanted):
            assert (value is None) == (other is None), (column, row, wanted)
            if value is not None and not isinstance(value, str):
                assert abs(value - other) <= BIN * abs(other) + 1e-9, (column, row, wanted)
                told += 1
    assert told >= len(found)


def test_within_the_stated_bounds_where_bins_are_guarded(consortium, oracle):
    """Each hospital's bins hold ten persons; what the answer says about them is true of every row."""
    done = consortium.renkei("query", "--output", "csv", BY_CODE, project="guarded")
    said = done.stderr.decode()
    assert done.returncode == 0, said
    widths = {name: float(width) for name, width in re.findall(r"(\S*\(.*?\).*?) is read from .* by at most (\S+?)[,;\s]", said)}
    assert len(widths) == 3, said
    with consortium.connect("guarded") as guarded:
        rows = ask(guarded, BY_CODE)
    exact = {row[:2]: row for row in oracle.ask(BY_CODE)[1]}
    compared = 0
    for c, u, n, *values, sites, held in rows:
        if held:
            continue
        for value, other in zip(values, exact[c, u][3:]):
            if value is not None:
                assert abs(value - other) <= max(widths.values()) * 1.001, (c, u, value, other)
                compared += 1
    assert compared > 10
    assert any(value is not None for *_, value, _, _ in rows)


def test_the_outermost_are_nobodys_to_see(consortium):
    """The largest and the smallest value of a hospital lie among fewer than ten persons."""
    sql = """SELECT measurement_concept_id, percentile_cont(0) WITHIN GROUP (ORDER BY value_as_number) AS least,
        percentile_cont(1) WITHIN GROUP (ORDER BY value_as_number) AS most FROM measurement WHERE measurement_concept_id = 3004410 GROUP BY 1"""
    with consortium.connect("guarded") as guarded:
        assert ask(guarded, sql) == [(3004410, None, None, 3, 0)]
