"""The guarded project: no cell under ten persons leaves a hospital.

The oracle applies the rule by hand on the pooled rows. Each case gives the rows that reach the release point, its keys,
and one aggregate with the condition under which a row counts for it. A site's cell is listed with at least ten distinct
persons; in a listed cell the aggregate is held where 0 to 9 persons contribute or, if it is conditional, where 0 to 9
of the cell's persons do not. `renkei_sites` counts the sites that list the cell, `renkei_held` those that do not, or
that hold its aggregate.
"""

from dataclasses import dataclass

import adbc_driver_manager
import pytest

from oracle import differences

K = 10


@dataclass(frozen=True)
class Case:
    name: str
    rows: str
    keys: tuple[str, ...]
    aggregate: str
    where: str = "true"
    conditional: bool = False
    sites: int = 3

    @property
    def sql(self) -> str:
        filtered = f" FILTER (WHERE {self.where})" if self.conditional else ""
        keys = "".join(f"{key}, " for key in self.keys)
        return f"SELECT {keys}{self.aggregate}{filtered} AS x FROM {self.rows} {self.group_by}"

    @property
    def group_by(self) -> str:
        return f"GROUP BY {', '.join(self.keys)}" if self.keys else ""

    @property
    def pooled(self) -> str:
        """The same by hand: cells per site, the rule, and the totals of what is left."""
        names = [f"k{i}" for i in range(len(self.keys))]
        keys = "".join(f"{key} AS {name}, " for key, name in zip(self.keys, names))
        match = " AND ".join(["c.site = r.site", *(f"c.{name} IS NOT DISTINCT FROM r.{name}" for name in names)])
        group = ", ".join(["site", *names])
        rest = f"AND persons - contributors >= {K}" if self.conditional else ""
        shown = "".join(f"r.{name}, " for name in names)
        return f"""
            WITH r AS (SELECT {keys}{self.site} AS site, {self.person} AS person, {self.where} AS counts, * FROM {self.rows}),
            c AS (SELECT {group}, count(DISTINCT person) AS persons,
                         count(DISTINCT person) FILTER (WHERE counts) AS contributors FROM r GROUP BY {group}),
            listed AS (SELECT *, contributors >= {K} {rest} AS whole FROM c WHERE persons >= {K})
            SELECT {shown}CASE WHEN bool_or(whole) THEN {self.aggregate} FILTER (WHERE counts AND whole) END AS x,
                   count(DISTINCT r.site) AS sites,
                   {self.sites} - count(DISTINCT r.site) FILTER (WHERE whole) AS held
            FROM r JOIN listed c ON {match} {"GROUP BY " + ", ".join("r." + name for name in names) if names else ""}"""

    @property
    def alias(self) -> str:
        return self.rows.split()[1] if " " in self.rows else self.rows

    @property
    def site(self) -> str:
        return f"{self.alias}.site_id"

    @property
    def person(self) -> str:
        return f"{self.alias}.person_id"


VISITS = "(SELECT site_id, person_id, count(*) AS n FROM visit_occurrence GROUP BY site_id, person_id)"
CASES = [
    Case("everybody", "person", (), "count(*)"),
    Case("by sex", "person", ("gender_concept_id",), "count(*)"),
    Case("by year of birth", "person", ("year_of_birth",), "count(*)"),
    Case("by condition", "condition_occurrence", ("condition_concept_id",), "count(*)"),
    Case("persons by condition", "condition_occurrence", ("condition_concept_id",), "count(DISTINCT person_id)"),
    Case("by condition and type", "condition_occurrence", ("condition_concept_id", "condition_status_concept_id"), "count(*)"),
    Case("by source code", "drug_exposure", ("drug_source_value",), "count(*)"),
    Case("by month", "visit_occurrence", ("date_trunc('month', visit_start_date)",), "count(*)"),
    Case("by week", "condition_occurrence", ("date_trunc('week', condition_start_date)",), "count(*)"),
    Case("by null", "observation", ("observation_concept_id", "value_as_concept_id"), "count(*)"),
    Case("causes of death", "death d JOIN person p ON p.person_id = d.person_id", ("p.gender_concept_id", "d.cause_concept_id"), "count(*)"),
    Case("sum of amounts", "drug_exposure", ("drug_concept_id",), "sum(days_supply)", "days_supply IS NOT NULL AND days_supply <> 0"),
    Case("mean of values", "measurement", ("measurement_concept_id", "unit_concept_id"), "avg(value_as_number)", "value_as_number IS NOT NULL"),
    Case("spread of values", "measurement", ("measurement_concept_id",), "stddev_samp(value_as_number)", "value_as_number IS NOT NULL"),
    Case("old people by condition", "condition_occurrence c JOIN person p ON p.person_id = c.person_id", ("c.condition_concept_id",), "count(*)", "p.year_of_birth < 1945", conditional=True),
    Case("long visits by kind", "visit_occurrence", ("visit_concept_id", "date_part('year', visit_start_date)"), "count(*)", "visit_end_date > visit_start_date", conditional=True),
    Case("high values", "measurement", ("measurement_concept_id",), "avg(value_as_number)", "value_as_number > 100", conditional=True),
    Case("by site and condition", "condition_occurrence", ("site_id", "condition_concept_id"), "count(*)", sites=1),
]


@pytest.fixture(scope="module")
def guarded(consortium):
    with consortium.connect("guarded") as connection:
        yield connection


def ask(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_only_what_ten_persons_stand_behind(guarded, oracle, case):
    expected = oracle.ask(case.pooled)[1]
    assert not (why := differences(ask(guarded, case.sql), expected, ordered=False)), why


def test_the_cases_make_a_difference(oracle):
    """Among the cases are whole answers, rows with held sites, rows with held aggregates, and keys that are gone."""
    held = whole = aggregates = gone = 0
    for case in CASES:
        rows = oracle.ask(case.pooled)[1]
        held += sum(row[-1] > 0 for row in rows)
        whole += sum(row[-1] == 0 for row in rows)
        aggregates += sum(row[-2] + row[-1] > case.sites for row in rows)
        gone += len(oracle.ask(case.sql)[1]) - len(rows)
    assert min(held, whole, aggregates, gone) > 0, (held, whole, aggregates, gone)


def test_a_rare_disease_is_null_and_never_zero(guarded, oracle):
    sql = "SELECT count(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = {}"
    assert 0 < oracle.one(sql.format(373182)) < 3 * K
    assert ask(guarded, sql.format(373182)) == [(None, 0, 3)]
    assert ask(guarded, sql.format(123456)) == [(None, 0, 3)], "zero and few are told apart"


def test_visits_per_person(guarded, oracle):
    """The per-person step does not shield: persons are counted in the cells that leave."""
    sql = "SELECT n, count(*) AS persons FROM (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id) v GROUP BY n"
    pooled = f"""WITH c AS (SELECT site_id, n, count(*) AS persons FROM {VISITS} GROUP BY site_id, n HAVING count(*) >= {K})
        SELECT n, sum(persons), count(*), 3 - count(*) FROM c GROUP BY n"""
    expected = oracle.ask(pooled)[1]
    assert expected and any(row[3] > 0 for row in expected)
    assert not (why := differences(ask(guarded, sql), expected, ordered=False)), why


def test_counts_of_persons_are_never_under_ten(guarded):
    for table, key in [("condition_occurrence", "condition_concept_id"), ("drug_exposure", "drug_concept_id"), ("person", "year_of_birth")]:
        for *_, persons, sites, held in ask(guarded, f"SELECT site_id, {key}, count(DISTINCT person_id) AS n FROM {table} GROUP BY site_id, {key}"):
            assert persons >= K and (sites, held) == (1, 0)


def test_rows_of_several_cells_carry_the_worst(guarded, oracle):
    """A ratio is as partial as the more partial of its two cells."""
    sql = """WITH a AS (SELECT condition_concept_id AS c, count(*) AS n FROM condition_occurrence GROUP BY 1),
        b AS (SELECT o.condition_concept_id AS c, count(*) AS n FROM condition_occurrence o JOIN death d ON d.person_id = o.person_id GROUP BY 1)
        SELECT a.c, b.n AS dead, a.n AS all_of_them FROM a JOIN b ON a.c = b.c"""
    # Where fewer than k persons of a cell have not died, the count of the dead is held beside that of all.
    cells = f"""SELECT o.condition_concept_id AS c, o.site_id AS site, count(*) AS n, count(DISTINCT o.person_id) AS persons
        FROM condition_occurrence o {{}} GROUP BY ALL HAVING count(DISTINCT o.person_id) >= {K}"""
    expected = oracle.ask(f"""
        WITH a AS ({cells.format("")}), b AS ({cells.format("JOIN death d ON d.person_id = o.person_id")}),
        near AS (SELECT b.*, a.persons - b.persons BETWEEN 1 AND {K - 1} AS held FROM b JOIN a USING (c, site)),
        all_a AS (SELECT c, sum(n) AS n, count(*) AS s FROM a GROUP BY c),
        all_b AS (SELECT c, sum(n) FILTER (NOT held) AS n, count(*) AS s, count(*) FILTER (held) AS h FROM near GROUP BY c)
        SELECT a.c, b.n, a.n, least(a.s, b.s), greatest(3 - a.s, 3 - b.s + b.h) FROM all_a a JOIN all_b b USING (c)""")[1]
    assert len({row[3] for row in expected}) > 1
    assert not (why := differences(ask(guarded, sql), expected, ordered=False)), why


def test_the_hospital_may_be_stricter_than_the_project(consortium, guarded):
    with consortium.connect("strict-nodes") as connection:
        for case in CASES[:6]:
            assert sorted(map(repr, ask(connection, case.sql))) == sorted(map(repr, ask(guarded, case.sql)))


def test_a_hospital_that_guards_less_is_left_out(consortium):
    with consortium.connect("lax-nodes") as connection, connection.cursor() as cursor:
        with pytest.raises(adbc_driver_manager.Error) as caught:
            cursor.execute("SELECT count(*) AS n FROM person")
            cursor.fetchall()
    assert "no site answered" in str(caught.value)
    assert "minimum of 5 persons, the project demands 10" in str(caught.value)
