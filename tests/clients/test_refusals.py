"""What is refused says so through the stock driver: the kind of exception, the code, and what to do instead."""

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pytest

ProgrammingError = adbc_driver_manager.ProgrammingError
Status = adbc_driver_manager.AdbcStatusCode

# Statement, code, and a piece of the hint.
STATEMENTS = [
    ("SELECT * FROM person", "E-ROWS", "aggregate once more"),
    ("SELECT person_id FROM measurement WHERE value_as_number > 9", "E-ROWS", "aggregate once more"),
    ("SELECT person_id, count(*) FROM measurement GROUP BY person_id", "E-ROWS", "aggregate once more"),
    ("SELECT year_of_birth FROM person LIMIT 1", "E-LIMIT", "hint: "),
    ("SELECT care_site_name FROM care_site", "E-COLUMN", "care_site_id"),
    ("SELECT count(*) FROM mesurement", "E-TABLE", "measurement"),
    ("SELECT count(*) FROM persons", "E-TABLE", "person"),
    ("SELECT count(*) FROM person WHERE year_of_brth < 1950", "E-COLUMN", "year_of_birth"),
    ("SELECT count(*) FROM person WHERE month_of_birth = 3", "E-COLUMN", "renkei.columns"),
    ("SELECT averge(year_of_birth) FROM person", "E-FUNCTION", "avg"),
    ("SELECT count(*) FROM person WHERE person_id = 7", "E-KEY-USE", "count it distinct"),
    ("SELECT count(*) FROM person WHERE person_id IN (1, 2)", "E-KEY-USE", "count it distinct"),
    ("SELECT count(*) FROM person p JOIN (VALUES (7)) v(id) ON v.id = p.person_id", "E-JOIN-REFERENCE", "hint: "),
    ("SELECT count(*) FROM person a, person b", "E-JOIN-KEY", "person_id"),
    ("SELECT count(*) FROM measurement m JOIN visit_occurrence v ON m.person_id = v.visit_occurrence_id", "E-JOIN-KEY", "person_id"),
    ("SELECT max(value_as_number) FROM measurement", "E-AGGREGATE", "hint: "),
    ("SELECT array_agg(value_as_number) FROM measurement", "E-AGGREGATE", "hint: "),
    ("SELECT value_as_number, count(*) FROM measurement GROUP BY 1", "E-ARGUMENT", "hint: "),
    ("SELECT avg(value_as_number + 1) FROM measurement", "E-ARGUMENT", "avg(x) + 1"),
    ("SELECT visit_start_date, count(*) FROM visit_occurrence GROUP BY 1", "E-ARGUMENT", "date_trunc"),
    ("SELECT count(*) FROM person WHERE EXISTS (SELECT 1 FROM death)", "E-SUBQUERY", "inner.person_id = outer.person_id"),
    ("SELECT count(*) FROM concept", "E-REFERENCE", "hint: "),
    ("SELECT gender_concept_id, count(DISTINCT year_of_birth) FROM person GROUP BY ROLLUP (gender_concept_id)", "E-NOT-SUPPORTED", "UNION ALL"),
    ("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t", "E-NOT-SUPPORTED", "hint: "),
    ("SELECT count( FROM person", "E-SYNTAX", "line 1"),
    ("DROP TABLE person", "E-STATEMENT", "ask one SELECT"),
    ("CREATE TABLE t AS SELECT 1 AS x", "E-STATEMENT", "ask one SELECT"),
    ("INSERT INTO person SELECT * FROM person", "E-STATEMENT", "ask one SELECT"),
    ("DELETE FROM person", "E-STATEMENT", "ask one SELECT"),
    ("COPY person TO 'person.csv'", "E-STATEMENT", "ask one SELECT"),
    ("SET x = 1", "E-STATEMENT", "ask one SELECT"),
    ("SELECT 1; SELECT 2", "E-STATEMENT", "ask one SELECT"),
    ("-- nothing", "E-STATEMENT", "ask one SELECT"),
]


def refusal(connection, sql, parameters=None):
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error) as caught:
        cursor.execute(sql, parameters)
        cursor.fetchall()
    return caught.value


@pytest.mark.parametrize("sql, code, hint", STATEMENTS, ids=lambda value: value[:50])
def test_statement(connection, sql, code, hint):
    error = refusal(connection, sql)
    assert isinstance(error, ProgrammingError)
    assert error.status_code == Status.INVALID_ARGUMENT
    assert f" {code}: " in str(error)
    assert hint in str(error)
    assert "__" not in str(error), "names that no user knows"


def test_place_of_the_fault(connection):
    error = refusal(connection, "SELECT count(*)\nFROM person\nWHERE person_id = 7")
    assert "WHERE" in str(error) and "line 3, column 7" in str(error)


def test_after_a_refusal_the_connection_works(connection):
    refusal(connection, "SELECT * FROM person")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) AS n FROM person")
        assert cursor.fetchall() == [(1800, 3, 0)]


@pytest.mark.parametrize("parameters", [None, (), (1950,), (1950, 8507, 1)], ids=repr)
def test_wrong_number_of_parameters(connection, parameters):
    error = refusal(connection, "SELECT count(*) FROM person WHERE year_of_birth < ? AND gender_concept_id = ?", parameters)
    assert isinstance(error, ProgrammingError)
    assert "E-PARAMETER: parameters in the statement: 2; values given:" in str(error)
    assert "give one value for each" in str(error)


def test_parameter_of_a_wrong_type_does_not_show_the_value(connection):
    error = refusal(connection, "SELECT count(*) FROM person WHERE year_of_birth < ?", ("sesame",))
    assert "E-PARAMETER" in str(error) and "sesame" not in str(error) and "Int32" in str(error)


def test_gap_in_parameters(connection):
    error = refusal(connection, "SELECT count(*) FROM person WHERE year_of_birth < $2", (1950,))
    assert "E-PARAMETER" in str(error) and "without gaps" in str(error)


# Person, token, project, statement, status, code, hint.
COUNT = "SELECT count(*) FROM person"
CALLERS = [
    ("no project among several", "taro", None, None, COUNT, "UNAUTHORIZED", "E-PROJECT", "guarded, "),
    ("a foreign project", "taro", None, "solo", COUNT, "UNAUTHORIZED", "E-PROJECT", "guarded, "),
    ("a project that does not exist", "taro", None, "nowhere", COUNT, "UNAUTHORIZED", "E-PROJECT", "guarded, "),
    ("member of nothing", "nobody", None, "open", COUNT, "UNAUTHORIZED", "E-PROJECT", "ask the coordinator"),
    ("a table that was not granted", "taro", None, "two-tables", "SELECT count(*) FROM measurement", "UNAUTHORIZED", "E-GRANT-TABLE", "person, death"),
    ("no identity", None, None, "open", COUNT, "UNAUTHENTICATED", "E-IDENTITY", "client certificate"),
    ("a wrong token", None, "wrong", "open", COUNT, "UNAUTHENTICATED", "E-IDENTITY", "Bearer"),
]


@pytest.mark.parametrize("person, token, project, sql, status, code, hint", [c[1:] for c in CALLERS], ids=[c[0] for c in CALLERS])
def test_caller(consortium, person, token, project, sql, status, code, hint):
    with consortium.connect(project, person=person, token=token) as connection:
        error = refusal(connection, sql)
    assert isinstance(error, ProgrammingError)
    assert error.status_code == Status[status]
    assert f" {code}: " in str(error) and hint in str(error)
    others = {"solo"} if person == "taro" and project != "solo" else {"guarded", "two-sites"} if person != "taro" else set()
    assert not [other for other in others if other in str(error)], "other people's projects are not told"


def test_foreign_and_missing_projects_look_alike(consortium):
    texts = []
    for project in ("solo", "nowhere"):
        with consortium.connect(project) as connection:
            texts.append(str(refusal(connection, COUNT)).replace(project, "…"))
    assert texts[0] == texts[1]


def test_a_certificate_of_another_consortium(consortium, tmp_path):
    consortium.run("renkei", "dev-ca", "--quiet", "--consortium", "clients", "--person", "taro", "--out", tmp_path / "pki")
    options = consortium.options()
    for name, file in [("mtls_cert_chain", "taro.pem"), ("mtls_private_key", "taro.key")]:
        (key,) = [key for key in options if key.endswith(name)]
        options[key] = (tmp_path / "pki/people" / file).read_text()
    with pytest.raises(adbc_driver_manager.OperationalError):
        with flightsql.connect(consortium.uri, db_kwargs=options, autocommit=True) as connection:
            with connection.cursor() as cursor:
                cursor.execute(COUNT)


def test_a_server_that_the_client_does_not_know(consortium):
    options = {key: value for key, value in consortium.options().items() if not key.endswith("tls_root_certs")}
    assert len(options) == len(consortium.options()) - 1
    with pytest.raises(adbc_driver_manager.OperationalError, match="(?i)certificate"):
        with flightsql.connect(consortium.uri, db_kwargs=options, autocommit=True) as connection:
            with connection.cursor() as cursor:
                cursor.execute(COUNT)


@pytest.mark.parametrize("header, value", [("renkei-deadline", "soon"), ("renkei-min-sites", "0"), ("renkei-explain", "xml")])
def test_headers_that_cannot_be_read(consortium, header, value):
    with consortium.connect(headers={header: value}) as connection:
        error = refusal(connection, COUNT)
    assert "E-PARAMETER" in str(error) and header in str(error)


def test_more_sites_than_there_are(consortium):
    with consortium.connect(headers={"renkei-min-sites": "4"}) as connection:
        error = refusal(connection, COUNT)
    assert isinstance(error, adbc_driver_manager.OperationalError)
    assert "E-MIN-SITES" in str(error) and "the project has 3" in str(error)
