"""At a minimum of one person, federated answers equal the same SQL on the pooled accepted rows."""

from datetime import date, datetime

import pytest

from oracle import differences
from pooled import Case, check


HBA1C = 3004410
FIRST = """WITH first AS (
    SELECT person_id, value_as_number,
           row_number() OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS n
    FROM measurement WHERE measurement_concept_id = 3004410 AND value_as_number IS NOT NULL)"""
RATE = """WITH everybody AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1),
    dead AS (SELECT p.gender_concept_id AS g, count(*) AS n FROM death d JOIN person p ON p.person_id = d.person_id GROUP BY 1)"""

CASES = [
    # Totals and aggregates.
    Case("count all", "SELECT count(*) AS n FROM person"),
    Case("count a column", "SELECT count(value_as_number) AS n, count(*) AS m, count(range_low) AS l FROM measurement"),
    Case("count persons", "SELECT count(DISTINCT person_id) AS n FROM measurement"),
    Case("sum of integers", "SELECT sum(days_supply) AS d, sum(year_of_birth) AS y FROM drug_exposure d JOIN person p ON p.person_id = d.person_id"),
    Case("sum of floats", "SELECT sum(quantity) AS q FROM drug_exposure"),
    Case("avg of integers and floats", "SELECT avg(year_of_birth) AS born FROM person"),
    Case("moments", """SELECT avg(value_as_number) AS mean, var_samp(value_as_number) AS vs, var_pop(value_as_number) AS vp,
        stddev_samp(value_as_number) AS ss, stddev_pop(value_as_number) AS sp, stddev(value_as_number) AS s
        FROM measurement WHERE measurement_concept_id = 3004410"""),
    Case("moments by code and unit", """SELECT measurement_concept_id, unit_concept_id, count(*) AS n,
        avg(value_as_number) AS mean, stddev(value_as_number) AS sd FROM measurement GROUP BY 1, 2""", spread=True),
    Case("filter clause", """SELECT count(*) FILTER (WHERE value_as_number > 6.5) AS high,
        avg(value_as_number) FILTER (WHERE value_as_number > 6.5) AS mean FROM measurement WHERE measurement_concept_id = 3004410"""),
    Case("case as a filter", """SELECT sum(CASE WHEN gender_concept_id = 8532 THEN 1 ELSE 0 END) AS women,
        sum(CASE WHEN year_of_birth < 1950 THEN 1 ELSE NULL END) AS old FROM person"""),
    Case("arithmetic of amounts", "SELECT avg(value_as_number - range_high) AS over, sum(2 * value_as_number) AS s FROM measurement WHERE range_high IS NOT NULL"),
    Case("functions of amounts", "SELECT avg(ln(value_as_number)) AS l, avg(abs(value_as_number - range_high)) AS a, avg(sqrt(value_as_number)) AS r, avg(round(value_as_number)) AS i FROM measurement WHERE measurement_concept_id = 3004410"),
    Case("intervals", "SELECT avg(visit_end_date - visit_start_date) AS days, sum(visit_end_date - visit_start_date) AS total FROM visit_occurrence WHERE visit_concept_id = 9201"),
    Case("nothing found by group", "SELECT gender_concept_id, count(*) AS n FROM person WHERE year_of_birth > 2100 GROUP BY 1"),
    # Groups.
    Case("by a code", "SELECT visit_concept_id, count(*) AS n, count(DISTINCT person_id) AS persons FROM visit_occurrence GROUP BY visit_concept_id", spread=True),
    Case("by two codes", "SELECT gender_concept_id, race_concept_id, count(*) AS n FROM person GROUP BY 1, 2", spread=True),
    Case("by a source code", "SELECT condition_source_value, count(*) AS n FROM condition_occurrence WHERE condition_source_value LIKE 'ICD10:E1%' GROUP BY 1", spread=True),
    Case("by a prefix", "SELECT code_prefix(condition_source_value, 3) AS c, count(*) AS n FROM condition_occurrence GROUP BY 1", spread=True),
    Case("by a null", "SELECT unit_concept_id, value_as_concept_id, count(*) AS n FROM observation GROUP BY 1, 2", spread=True),
    Case("by year of birth", "SELECT year_of_birth, count(*) AS n FROM person GROUP BY year_of_birth", spread=True),
    Case("by decade", "SELECT year_of_birth / 10 * 10 AS decade, count(*) AS n FROM person GROUP BY 1", spread=True),
    Case("by a band", "SELECT CASE WHEN value_as_number < 6.0 THEN 'low' WHEN value_as_number < 8.0 THEN 'middle' ELSE 'high' END AS band, count(*) AS n, count(DISTINCT person_id) AS persons FROM measurement WHERE measurement_concept_id = 3004410 GROUP BY band"),
    Case("by month", "SELECT date_trunc('month', visit_start_date) AS month, count(*) AS n FROM visit_occurrence WHERE visit_start_date >= DATE '2019-01-01' GROUP BY month", spread=True),
    Case("by week", "SELECT date_trunc('week', visit_start_date) AS week, count(*) AS n FROM visit_occurrence WHERE visit_start_date BETWEEN DATE '2021-01-01' AND DATE '2021-12-31' GROUP BY week", spread=True),
    Case("by quarter", "SELECT date_trunc('quarter', measurement_datetime) AS quarter, count(*) AS n FROM measurement WHERE measurement_date >= DATE '2019-01-01' GROUP BY quarter", spread=True),
    Case("by parts of a date", "SELECT date_part('year', visit_start_date) AS year, EXTRACT(month FROM visit_start_date) AS month, count(*) AS n FROM visit_occurrence GROUP BY 1, 2", spread=True),
    Case("by site", "SELECT site_id, count(*) AS n, avg(year_of_birth) AS born FROM person GROUP BY site_id", sites=1),
    Case("by site and code", "SELECT site_id, visit_concept_id, count(*) AS n FROM visit_occurrence GROUP BY site_id, visit_concept_id", sites=1),
    Case("one site only", "SELECT count(*) AS n FROM person WHERE site_id = 'osaka'", spread=True),
    Case("two sites by name", "SELECT site_id, count(*) AS n FROM measurement WHERE site_id IN ('osaka', 'tokyo') GROUP BY site_id", sites=1),
    Case("distinct codes", "SELECT DISTINCT condition_concept_id FROM condition_occurrence", spread=True),
    # Conditions.
    Case("nulls", "SELECT count(*) AS n FROM measurement WHERE value_as_number IS NULL OR NOT (value_as_number > 5)"),
    Case("in, between, like", "SELECT count(*) AS n FROM drug_exposure WHERE drug_concept_id IN (1503297, 1580747) AND days_supply BETWEEN 14 AND 60 AND drug_source_value LIKE 'HOT9:11%'", spread=True),
    Case("coalesce and nullif", "SELECT avg(coalesce(value_as_number, 0)) AS a, count(nullif(unit_concept_id, 8554)) AS c FROM measurement"),
    Case("is distinct from", "SELECT count(*) AS n FROM measurement WHERE unit_concept_id IS DISTINCT FROM 8554"),
    Case("dates compared", "SELECT count(*) AS n FROM visit_occurrence WHERE visit_start_date >= DATE '2020-01-01' AND visit_end_date > visit_start_date"),
    Case("impossible dates are kept", "SELECT count(*) AS n FROM measurement WHERE measurement_date < DATE '1900-01-01'", spread=True),
    # Joins.
    Case("join on person", "SELECT p.gender_concept_id, count(*) AS n, avg(m.value_as_number) AS mean FROM measurement m JOIN person p ON p.person_id = m.person_id WHERE m.measurement_concept_id = 3004410 GROUP BY 1"),
    Case("comma join", "SELECT count(*) AS n FROM measurement m, person p WHERE m.person_id = p.person_id AND p.year_of_birth < 1950"),
    Case("join using", "SELECT count(*) AS n FROM death JOIN person USING (person_id)"),
    Case("join on visit", "SELECT v.visit_concept_id, count(*) AS n, count(DISTINCT m.person_id) AS persons FROM measurement m JOIN visit_occurrence v ON v.visit_occurrence_id = m.visit_occurrence_id GROUP BY 1", spread=True),
    Case("join on visit and person", "SELECT count(*) AS n FROM condition_occurrence c JOIN visit_occurrence v ON v.visit_occurrence_id = c.visit_occurrence_id AND v.person_id = c.person_id WHERE v.visit_concept_id = 9201"),
    Case("left join, unmatched", "SELECT count(*) AS n FROM person p LEFT JOIN death d ON d.person_id = p.person_id WHERE d.person_id IS NULL"),
    Case("left join, both", "SELECT p.gender_concept_id, count(*) AS n, count(d.death_date) AS dead FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY 1"),
    Case("left join with a condition", "SELECT count(*) AS n, count(d.death_date) AS dead FROM person p LEFT JOIN death d ON d.person_id = p.person_id AND d.death_date >= DATE '2022-01-01'"),
    Case("visits that do not exist", "SELECT count(*) AS n FROM measurement m LEFT JOIN visit_occurrence v ON v.visit_occurrence_id = m.visit_occurrence_id WHERE v.visit_concept_id IS NULL AND m.visit_occurrence_id IS NOT NULL", spread=True),
    Case("right join", "SELECT count(*) AS n, count(d.death_date) AS dead FROM death d RIGHT JOIN person p ON d.person_id = p.person_id"),
    Case("full join", "SELECT count(*) AS n, count(o.observation_date) AS o, count(x.procedure_date) AS x FROM observation o FULL JOIN procedure_occurrence x ON x.person_id = o.person_id"),
    Case("three tables", """SELECT p.gender_concept_id, v.visit_concept_id, count(*) AS n FROM measurement m
        JOIN visit_occurrence v ON v.visit_occurrence_id = m.visit_occurrence_id JOIN person p ON p.person_id = v.person_id
        WHERE m.measurement_concept_id = 3004249 GROUP BY 1, 2""", spread=True),
    Case("join to a care site", "SELECT s.place_of_service_concept_id, count(*) AS n FROM visit_occurrence v JOIN care_site s ON s.care_site_id = v.care_site_id GROUP BY 1", spread=True),
    Case("join to a provider", "SELECT r.specialty_concept_id, count(*) AS n FROM visit_occurrence v JOIN provider r ON r.provider_id = v.provider_id GROUP BY 1", spread=True),
    # Vocabulary and code sets.
    Case("concept names", "SELECT c.concept_name AS condition, count(DISTINCT o.person_id) AS persons FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY c.concept_name", spread=True),
    Case("concept names, left join", "SELECT c.concept_name, count(*) AS n FROM condition_occurrence o LEFT JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY 1", spread=True),
    Case("descendants", "SELECT count(DISTINCT o.person_id) AS n FROM condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id WHERE a.ancestor_concept_id = 201820"),
    Case("descendants by name", """SELECT c.concept_name, count(*) AS n FROM drug_exposure d
        JOIN concept_ancestor a ON a.descendant_concept_id = d.drug_concept_id JOIN concept c ON c.concept_id = a.ancestor_concept_id
        WHERE a.min_levels_of_separation = 1 GROUP BY 1""", spread=True),
    Case("values as a code set", "SELECT s.label, count(*) AS n, avg(m.value_as_number) AS mean FROM measurement m JOIN (VALUES (3004410, 'HbA1c'), (3004249, 'systolic')) AS s(id, label) ON m.measurement_concept_id = s.id GROUP BY s.label"),
    # Per person.
    Case("visits per person", "SELECT n, count(*) AS persons FROM (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id) v GROUP BY n", spread=True),
    Case("means of means", "SELECT count(*) AS persons, avg(a) AS mean, stddev(a) AS sd FROM (SELECT person_id, avg(value_as_number) AS a FROM measurement WHERE measurement_concept_id = 3004410 GROUP BY person_id) m"),
    Case("extremes per person", "SELECT avg(high - low) AS mean FROM (SELECT person_id, min(value_as_number) AS low, max(value_as_number) AS high FROM measurement WHERE measurement_concept_id = 3004249 GROUP BY person_id) m"),
    Case("having per person", "SELECT count(*) AS n FROM (SELECT person_id FROM visit_occurrence GROUP BY person_id HAVING count(*) >= 10) v"),
    Case("joined per person", """WITH visits AS (SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY person_id)
        SELECT p.gender_concept_id, count(*) AS persons, avg(v.n) AS visits FROM person p JOIN visits v ON v.person_id = p.person_id GROUP BY 1"""),
    Case("persons without", """WITH diabetes AS (SELECT DISTINCT person_id FROM condition_occurrence WHERE condition_concept_id = 201826)
        SELECT count(*) AS n FROM person p LEFT JOIN diabetes d ON d.person_id = p.person_id WHERE d.person_id IS NULL"""),
    Case("persons united", """SELECT count(DISTINCT person_id) AS n, count(*) AS m FROM (
        SELECT person_id FROM condition_occurrence UNION ALL SELECT person_id FROM drug_exposure) u"""),
    Case("distinct persons united", "SELECT count(*) AS m FROM (SELECT person_id FROM condition_occurrence UNION SELECT person_id FROM drug_exposure) u"),
    Case("first value by a window", FIRST + "SELECT count(*) AS n, avg(value_as_number) AS mean, var_samp(value_as_number) AS v FROM first WHERE n = 1"),
    Case("first value by sex", FIRST + "SELECT p.gender_concept_id, count(*) AS n, avg(value_as_number) AS mean FROM first f JOIN person p ON p.person_id = f.person_id WHERE f.n = 1 GROUP BY 1"),
    Case("change by lag", """SELECT count(change) AS n, avg(change) AS mean FROM (
        SELECT person_id, value_as_number - lag(value_as_number) OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS change
        FROM measurement WHERE measurement_concept_id = 3004410) m"""),
    Case("deviation from the person's mean", """SELECT var_pop(d) AS within FROM (
        SELECT person_id, value_as_number - avg(value_as_number) OVER (PARTITION BY person_id) AS d FROM measurement WHERE measurement_concept_id = 3004410) m"""),
    Case("time to death", """WITH first AS (SELECT person_id, min(condition_start_date) AS day FROM condition_occurrence WHERE condition_concept_id = 316139 GROUP BY person_id)
        SELECT count(*) AS n, avg(d.death_date - f.day) AS days FROM first f JOIN death d ON d.person_id = f.person_id"""),
    # Levels in one statement.
    Case("rollup", "SELECT gender_concept_id AS g, race_concept_id AS r, count(*) AS n, avg(year_of_birth) AS born FROM person GROUP BY ROLLUP (gender_concept_id, race_concept_id)", spread=True),
    Case("cube with nulls of the data", "SELECT unit_concept_id AS u, grouping(unit_concept_id) AS gu, observation_type_concept_id AS t, grouping(observation_type_concept_id) AS gt, count(*) AS n FROM observation GROUP BY CUBE (unit_concept_id, observation_type_concept_id)", spread=True),
    Case("grouping sets", "SELECT visit_concept_id AS v, date_part('year', visit_start_date) AS y, count(*) AS n FROM visit_occurrence GROUP BY GROUPING SETS ((visit_concept_id), (date_part('year', visit_start_date)), ())", spread=True),
    Case("rollup over sites", "SELECT site_id, count(*) AS n FROM person GROUP BY ROLLUP (site_id)", spread=True),
    Case("grouping sets per person", """SELECT n, count(*) AS c FROM (SELECT person_id, visit_concept_id, count(*) AS n FROM visit_occurrence
        GROUP BY GROUPING SETS ((person_id), (person_id, visit_concept_id))) v GROUP BY n""", spread=True),
    # Distinct events and codes.
    Case("distinct visits", "SELECT count(DISTINCT visit_occurrence_id) AS v, count(DISTINCT person_id) AS p, count(*) AS n FROM measurement"),
    Case("distinct visits by code", "SELECT measurement_concept_id AS c, count(DISTINCT visit_occurrence_id) FILTER (WHERE value_as_number > 6) AS v FROM measurement GROUP BY 1", spread=True),
    Case("distinct codes counted", "SELECT count(DISTINCT condition_concept_id) AS c, count(*) AS n FROM condition_occurrence"),
    Case("distinct codes by sex", """SELECT p.gender_concept_id AS g, count(DISTINCT o.condition_concept_id) AS c, count(DISTINCT date_part('year', o.condition_start_date)) AS y,
        avg(p.year_of_birth) AS born FROM condition_occurrence o JOIN person p ON p.person_id = o.person_id GROUP BY 1"""),
    Case("distinct codes under a condition", "SELECT visit_concept_id AS v, count(DISTINCT date_part('year', visit_start_date)) FILTER (WHERE visit_end_date > visit_start_date) AS y FROM visit_occurrence GROUP BY 1", spread=True),
    # Pairs.
    Case("pairs", """SELECT corr(value_as_number, range_high) AS r, covar_samp(value_as_number, range_high) AS cs, covar_pop(value_as_number, range_high) AS cp,
        regr_slope(value_as_number, range_high) AS b, regr_intercept(value_as_number, range_high) AS a, regr_count(value_as_number, range_high) AS n,
        regr_r2(value_as_number, range_high) AS r2, regr_avgx(value_as_number, range_high) AS x, regr_avgy(value_as_number, range_high) AS y,
        regr_sxx(value_as_number, range_high) AS sxx, regr_syy(value_as_number, range_high) AS syy, regr_sxy(value_as_number, range_high) AS sxy FROM measurement"""),
    Case("pairs by code", """SELECT c, corr(a, b) AS r, regr_count(a, b) AS n FROM (SELECT m.person_id, m.measurement_concept_id AS c, avg(m.value_as_number) AS a, count(*) AS b
        FROM measurement m GROUP BY m.person_id, m.measurement_concept_id) x GROUP BY c""", spread=True),
    # Subqueries about the same person.
    Case("in, persons", "SELECT gender_concept_id, count(*) AS n FROM person WHERE person_id IN (SELECT person_id FROM death) GROUP BY 1"),
    Case("not in, persons", "SELECT count(*) AS n, avg(year_of_birth) AS born FROM person WHERE person_id NOT IN (SELECT person_id FROM condition_occurrence WHERE condition_concept_id = 201826)"),
    Case("exists", "SELECT count(*) AS n FROM person p WHERE EXISTS (SELECT 1 FROM measurement m WHERE m.person_id = p.person_id AND m.value_as_number > 9)"),
    Case("not exists by visit", "SELECT count(*) AS n FROM measurement m WHERE NOT EXISTS (SELECT 1 FROM visit_occurrence v WHERE v.visit_occurrence_id = m.visit_occurrence_id AND v.visit_concept_id = 9201)"),
    Case("exists under or", "SELECT count(*) AS n FROM person p WHERE year_of_birth < 1940 OR NOT EXISTS (SELECT 1 FROM drug_exposure d WHERE d.person_id = p.person_id)"),
    Case("correlated aggregate", "SELECT count(*) AS n FROM person p WHERE (SELECT count(*) FROM visit_occurrence v WHERE v.person_id = p.person_id) BETWEEN 0 AND 3"),
    Case("correlated aggregate, computed", "SELECT avg(n) AS visits, count(*) AS persons FROM (SELECT (SELECT count(*) FROM visit_occurrence v WHERE v.person_id = p.person_id) AS n FROM person p) x"),
    Case("an event against the person's own mean", """SELECT count(*) AS n FROM measurement m WHERE m.measurement_concept_id = 3004410 AND m.value_as_number >
        (SELECT avg(o.value_as_number) FROM measurement o WHERE o.person_id = m.person_id AND o.measurement_concept_id = 3004410)"""),
    Case("in, codes of the vocabulary", "SELECT count(*) AS n FROM condition_occurrence WHERE condition_concept_id IN (SELECT descendant_concept_id FROM concept_ancestor WHERE ancestor_concept_id = 201820)"),
    # Rows compared with results.
    Case("above the mean of all", "SELECT count(*) AS n FROM measurement WHERE measurement_concept_id = 3004410 AND value_as_number > (SELECT avg(value_as_number) FROM measurement WHERE measurement_concept_id = 3004410)"),
    Case("codes that are frequent", "SELECT count(*) AS n, count(DISTINCT person_id) AS p FROM condition_occurrence WHERE condition_concept_id IN (SELECT condition_concept_id FROM condition_occurrence GROUP BY 1 HAVING count(*) > 200)"),
    Case("codes that others have", "SELECT count(*) AS n FROM measurement WHERE measurement_concept_id NOT IN (SELECT measurement_concept_id FROM measurement WHERE value_as_number > 100)"),
    Case("joined with a result", """WITH usual AS (SELECT measurement_concept_id AS c, avg(value_as_number) AS a FROM measurement GROUP BY 1)
        SELECT u.c, count(*) AS n FROM measurement m JOIN usual u ON u.c = m.measurement_concept_id AND m.value_as_number > u.a GROUP BY 1""", spread=True),
    Case("three rounds", """WITH a AS (SELECT avg(year_of_birth) AS y FROM person), b AS (SELECT avg(year_of_birth) AS y FROM person WHERE year_of_birth > (SELECT y FROM a))
        SELECT gender_concept_id, count(*) AS n FROM person WHERE year_of_birth > (SELECT y FROM b) GROUP BY 1"""),
    Case("a result above results", "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 HAVING count(*) > (SELECT count(*) / 3 FROM person)"),
    # What generated statements found.
    Case("a difference of dates compared", "SELECT count(*) AS n FROM visit_occurrence WHERE visit_end_date - visit_start_date >= 1"),
    Case("a date moved", "SELECT count(*) AS n FROM visit_occurrence WHERE visit_start_date + INTERVAL '3 days' < visit_end_date"),
    Case("squares of integers", "SELECT sum(days_supply * days_supply) AS q, sum(- days_supply) AS m, sum(abs(days_supply)) AS a FROM drug_exposure",
        oracle="SELECT sum(days_supply::BIGINT * days_supply) AS q, sum(- days_supply) AS m, sum(abs(days_supply)) AS a FROM drug_exposure"),
    Case("ranks are integers", "SELECT n / 2 AS half, sum(n) AS s, count(*) AS c FROM (SELECT person_id, rank() OVER (PARTITION BY person_id ORDER BY visit_start_date) AS n FROM visit_occurrence) v GROUP BY 1", spread=True),
    Case("the site of nobody", "SELECT d.site_id, count(*) AS n FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY 1", spread=True),
    Case("full join and further", """SELECT count(*) AS n FROM death d FULL JOIN person p ON d.person_id = p.person_id
        JOIN condition_occurrence c ON c.person_id = p.person_id"""),
    Case("per visit", "SELECT n, count(*) AS visits FROM (SELECT visit_occurrence_id, count(*) AS n FROM measurement WHERE visit_occurrence_id IS NOT NULL GROUP BY 1) v GROUP BY n", spread=True),
    Case("correlated by visit", "SELECT count(*) AS n FROM condition_occurrence c WHERE 0 < (SELECT count(*) FROM measurement m JOIN visit_occurrence v ON v.visit_occurrence_id = m.visit_occurrence_id WHERE v.visit_occurrence_id = c.visit_occurrence_id)"),
    Case("rollup of an interval", "SELECT visit_end_date - visit_start_date < 3 AS short, count(*) AS n FROM visit_occurrence GROUP BY ROLLUP (visit_end_date - visit_start_date < 3)", spread=True),
    Case("a condition over both", "SELECT count(*) AS n FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id WHERE c.domain_id = 'Drug' OR o.condition_type_concept_id = 32817"),
    # Above the release point.
    Case("ordered cells", "SELECT condition_concept_id, count(*) AS n FROM condition_occurrence GROUP BY 1 ORDER BY n DESC, condition_concept_id LIMIT 5 OFFSET 2", ordered=True, spread=True),
    Case("having", "SELECT measurement_concept_id, count(*) AS n FROM measurement GROUP BY 1 HAVING count(*) > 2000 AND avg(value_as_number) < 50 ORDER BY n", ordered=True, spread=True),
    Case("nulls last", "SELECT unit_concept_id, count(*) AS n FROM observation GROUP BY 1 ORDER BY unit_concept_id DESC", ordered=True, spread=True),
    Case("a rate", RATE + "SELECT e.g, d.n AS dead, e.n AS persons, 100.0 * d.n / e.n AS percent FROM everybody e JOIN dead d ON d.g = e.g ORDER BY e.g", ordered=True),
    Case("one cell twice", "WITH a AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1) SELECT x.g, x.n, y.n AS other FROM a x JOIN a y ON x.g <> y.g"),
    Case("shares by a window over cells", "SELECT gender_concept_id, count(*) AS n, 1.0 * count(*) / sum(count(*)) OVER () AS share FROM person GROUP BY 1"),
    Case("rank over cells", "SELECT condition_concept_id, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS place FROM condition_occurrence GROUP BY 1", spread=True),
    Case("totals of cells", "SELECT max(n) AS most, min(n) AS least, sum(n) AS total, count(*) AS cells FROM (SELECT visit_concept_id, count(*) AS n FROM visit_occurrence GROUP BY 1) t", spread=True),
    Case("union of totals", "SELECT 'persons' AS what, count(*) AS n FROM person UNION ALL SELECT 'deaths', count(*) FROM death"),
    Case("union of levels", "SELECT visit_concept_id AS v, count(*) AS n FROM visit_occurrence WHERE visit_concept_id IN (9201, 9202) GROUP BY 1 UNION ALL SELECT NULL, count(*) FROM visit_occurrence"),
    Case("distinct counts", "SELECT DISTINCT n > 200 AS many FROM (SELECT condition_concept_id, count(*) AS n FROM condition_occurrence GROUP BY 1) t", spread=True),
    Case("integer division and zero", "SELECT gender_concept_id, count(*) / 7 AS seventh, count(*) / (count(*) - count(*)) AS nothing FROM person GROUP BY 1"),
    Case("qualified names", 'SELECT "person"."gender_concept_id", count(*) AS n FROM cdm.person GROUP BY 1', oracle='SELECT "person"."gender_concept_id", count(*) AS n FROM person GROUP BY 1'),
    Case("no persons at all", "SELECT x + 1 AS y, z FROM (VALUES (1, 'a'), (2, NULL)) AS t(x, z) WHERE x > 1", sites=0),
    # Parameters.
    Case("parameter: int by ?", "SELECT count(*) AS n FROM person WHERE year_of_birth < ? AND gender_concept_id = ?", (1950, 8507)),
    Case("parameter: int by $n, twice", "SELECT count(*) AS n FROM person WHERE year_of_birth BETWEEN $1 AND CAST($1 AS INTEGER) + CAST($2 AS INTEGER)", (1940, 10)),
    Case("parameter: float", "SELECT count(*) AS n FROM measurement WHERE measurement_concept_id = $1 AND value_as_number > $2", (HBA1C, 6.45)),
    Case("parameter: text", "SELECT count(*) AS n FROM condition_occurrence WHERE condition_source_value = ?", ("ICD10:E11.9",)),
    Case("parameter: date", "SELECT count(*) AS n FROM visit_occurrence WHERE visit_start_date >= ?", (date(2022, 4, 1),)),
    Case("parameter: timestamp", "SELECT count(*) AS n FROM measurement WHERE measurement_datetime >= ?", (datetime(2022, 4, 1, 12, 30),)),
    Case("parameter: none", "SELECT gender_concept_id, count(*) AS n FROM person WHERE CAST($1 AS INTEGER) IS NULL OR year_of_birth = $1 GROUP BY 1", (None,)),
    Case("parameter: none compares to nothing", "SELECT gender_concept_id, count(*) AS n FROM person WHERE year_of_birth = ? GROUP BY 1", (None,)),
    Case("parameter: above the release point", "SELECT visit_concept_id, count(*) AS n FROM visit_occurrence GROUP BY 1 HAVING count(*) > ?", (300,)),
    Case("parameter: site", "SELECT site_id, count(*) AS n FROM person WHERE site_id = ? GROUP BY site_id", ("tokyo",), sites=1),
]


FAR_CASES = [
    Case("far day by month", "SELECT date_trunc('month', DATE '9999-12-31') AS m, count(*) AS n FROM person"),
    Case("early day by year", "SELECT date_trunc('year', DATE '1600-07-01') AS y, count(*) AS n FROM person"),
    Case("far day after a moment", "SELECT count(*) AS n FROM person WHERE DATE '9999-12-31' > TIMESTAMP '2020-01-01 12:00:00'"),
    Case("far day after now", "SELECT count(*) AS n FROM person WHERE DATE '9999-12-31' > now()"),
]


@pytest.mark.parametrize(
    "case", [*CASES, *(pytest.param(case) for case in FAR_CASES)], ids=lambda case: case.name
)
def test_answer_equals_pooled_rows(connection, oracle, case):
    check(connection, oracle, case)


def test_the_oracle_can_tell():
    """The comparison itself: what must not pass does not."""
    assert differences([(1, 2.0)], [(1, 2.0 + 1e-12)], ordered=True) is None
    for found, expected in [
        ([(1,)], [(2,)]),
        ([(10**15,)], [(10**15 + 1,)]),
        ([(1.0,)], [(1.0 + 1e-6,)]),
        ([(None,)], [(0,)]),
        ([("a",)], [("b",)]),
        ([], [(1,)]),
        ([(1,), (1,)], [(1,), (2,)]),
        ([(date(2020, 1, 1),)], [(date(2020, 1, 2),)]),
        ([(True,)], [(1,)]),
    ]:
        assert differences(found, expected, ordered=False), (found, expected)
    assert differences([(1,), (2,)], [(2,), (1,)], ordered=False) is None
    assert differences([(1,), (2,)], [(2,), (1,)], ordered=True)


def test_sites_contributing_to_each_cell(connection, oracle):
    """`renkei_sites` counts the sites with a person in the cell; nothing is held at a minimum of one."""
    sql = "SELECT condition_concept_id AS c, count(*) AS n{} FROM condition_occurrence GROUP BY 1"
    _, expected = oracle.ask(sql.format(", count(DISTINCT site_id), 0"))
    assert len({row[2] for row in expected}) > 1, "the data has to make a difference"
    with connection.cursor() as cursor:
        cursor.execute(sql.format(""))
        assert sorted(cursor.fetchall()) == sorted(expected)
