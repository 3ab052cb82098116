"""Statements that failed once, as small as they could be made. A failure that is found joins them with a name."""

from hospitals import Case

CASES = [
    Case(
        "interval in where", "SELECT count(*) AS n FROM visit_occurrence WHERE visit_end_date - visit_start_date >= 1"
    ),
    Case(
        "interval in where above a subquery",
        """SELECT count(*) AS n FROM (SELECT visit_end_date - visit_start_date AS days FROM visit_occurrence) v
        WHERE days >= 1""",
    ),
    Case(
        "a flag per person, asked twice",
        """SELECT count(*) FILTER (WHERE nowhere IS TRUE) AS a, sum(CASE WHEN nowhere IS TRUE THEN 1 ELSE 0 END) AS b
        FROM (SELECT person_id, bool_or(location_id IS NULL) AS nowhere FROM person GROUP BY person_id) p""",
    ),
    Case(
        "a flag of not in with null",
        """SELECT DISTINCT ((gender_source_concept_id NOT IN (3004410, NULL)) IS NOT TRUE OR gender_concept_id = 8532)
        AS c FROM person""",
    ),
    Case(
        "squares of the largest integer, within one site",
        "SELECT avg(quantity * quantity) AS n FROM procedure_occurrence",
        oracle="SELECT avg(quantity::HUGEINT * quantity) AS n FROM procedure_occurrence",
    ),
    Case(
        "sums of the largest integers",
        "SELECT sum(days_supply + days_supply) AS n FROM drug_exposure",
        oracle="SELECT sum(days_supply::HUGEINT + days_supply) AS n FROM drug_exposure",
    ),
    Case(
        "the smallest integer negated",
        "SELECT sum(- days_supply) AS n FROM drug_exposure",
        oracle="SELECT sum(- days_supply::HUGEINT) AS n FROM drug_exposure",
    ),
    Case(
        "the smallest integer without its sign",
        "SELECT sum(abs(days_supply)) AS n FROM drug_exposure",
        oracle="SELECT sum(abs(days_supply::HUGEINT)) AS n FROM drug_exposure",
    ),
    Case(
        "ranks halved",
        """SELECT n / 2 AS half, count(*) AS k FROM (SELECT rank() OVER (PARTITION BY person_id ORDER BY measurement_date)
        AS n FROM measurement) m GROUP BY 1""",
    ),
    Case(
        "ranks summed",
        """SELECT sum(n) AS s, avg(2 * n) AS a FROM (SELECT row_number() OVER (PARTITION BY person_id
        ORDER BY measurement_date, measurement_id) AS n FROM measurement) m""",
    ),
    Case(
        "the site of the empty side",
        """SELECT d.site_id, count(*) AS n FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY 1""",
    ),
    Case(
        "a full join and another join",
        """SELECT count(*) AS n FROM death d FULL JOIN person p ON d.person_id = p.person_id
        JOIN measurement m ON m.person_id = p.person_id""",
    ),
    Case(
        "where over persons and vocabulary together",
        """SELECT count(*) AS n FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id
        WHERE c.domain_id = 'Drug' OR o.condition_type_concept_id = 32817""",
    ),
    Case(
        "months of both sides of a right join",
        """SELECT date_part('month', t2.condition_end_date) AS m, count(*) AS n FROM condition_occurrence t1
        RIGHT JOIN condition_occurrence t2 ON t1.person_id = t2.person_id
        WHERE date_part('month', t1.condition_end_date) <= 2 GROUP BY 1""",
    ),
    Case(
        "where over both sides of a right join",
        """SELECT count(*) AS n FROM measurement t1 RIGHT JOIN measurement t3 ON t3.person_id = t1.person_id
        WHERE t3.measurement_concept_id = t1.measurement_concept_id OR t3.range_high < 6.0""",
    ),
    Case(
        "a full join of amounts",
        """WITH w AS (SELECT visit_source_value AS c, var_samp(visit_start_date - visit_end_date) AS v
        FROM visit_occurrence GROUP BY 1) SELECT a.v AS v, b.v AS w FROM w a FULL JOIN w b ON a.c = b.c""",
    ),
    Case(
        "one key twice",
        "SELECT gender_concept_id AS a, gender_concept_id AS b, count(*) AS n FROM person GROUP BY 1, 2",
    ),
    Case(
        "one key twice beside distinct codes",
        """SELECT gender_concept_id AS a, gender_concept_id AS b, count(DISTINCT race_concept_id) AS n
        FROM person GROUP BY gender_concept_id, gender_concept_id""",
    ),
    Case(
        "in distinct visits",
        """SELECT count(*) AS n FROM visit_detail v
        WHERE v.visit_occurrence_id IN (SELECT DISTINCT m.visit_occurrence_id FROM measurement m)""",
    ),
    Case(
        "subtotals by today",
        """SELECT visit_end_date < current_date AS past, count(*) AS n FROM visit_occurrence
        GROUP BY ROLLUP (visit_end_date < current_date)""",
    ),
    Case(
        "subtotals by an interval",
        """SELECT visit_end_date - visit_start_date < 30 AS short, count(*) AS n FROM visit_occurrence
        GROUP BY ROLLUP (visit_end_date - visit_start_date < 30)""",
    ),
    Case(
        "subtotals by a division by zero",
        """SELECT n % 0 = 0 AS z, count(*) AS k FROM (SELECT person_id, count(*) AS n FROM death GROUP BY person_id) d
        GROUP BY ROLLUP (n % 0 = 0)""",
    ),
    Case(
        "the common column in where",
        """SELECT count(*) AS n FROM visit_occurrence v JOIN measurement m USING (person_id)
        LEFT JOIN death d USING (person_id)
        WHERE person_id IS NOT NULL AND (person_id IN (SELECT person_id FROM death) OR v.visit_concept_id > 0)""",
    ),
    Case(
        "the common column of results in where",
        """SELECT a.n, b.m FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) a
        LEFT JOIN (SELECT gender_concept_id, count(*) AS m FROM person WHERE year_of_birth > 1960 GROUP BY 1) b
        USING (gender_concept_id) WHERE gender_concept_id > 0""",
    ),
    Case(
        "subtotals by what is not in a list",
        """SELECT NOT (gender_concept_id IN (8507, 0)) AS k, count(*) AS n FROM person
        GROUP BY ROLLUP (NOT (gender_concept_id IN (8507, 0)))""",
    ),
    Case(
        "a mean of clipped values",
        """SELECT avg(clip(value_as_number, 0.0, 10.5)) AS a, sum(clip(days, 0, 3)) AS s FROM measurement m JOIN
        (SELECT person_id, visit_end_date - visit_start_date AS days FROM visit_occurrence) v
        ON v.person_id = m.person_id""",
    ),
    Case(
        "the first of each person",
        """SELECT count(v) AS n, avg(v) AS a, avg(w) AS b FROM (SELECT person_id,
        first_value(value_as_number ORDER BY measurement_date, measurement_id, value_as_number) AS v,
        last_value(range_high ORDER BY measurement_date, measurement_id, range_high) AS w
        FROM measurement GROUP BY person_id) m""",
        oracle="""SELECT count(v) AS n, avg(v) AS a, avg(w) AS b FROM (SELECT person_id,
        first(value_as_number ORDER BY measurement_date, measurement_id, value_as_number) AS v,
        last(range_high ORDER BY measurement_date, measurement_id, range_high) AS w
        FROM measurement GROUP BY person_id) m""",
    ),
]
