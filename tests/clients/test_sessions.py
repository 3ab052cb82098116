"""Session options by the stock driver, and incremental execution, which polls."""

import json
import time

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pytest
from adbc_driver_flightsql import ConnectionOptions, DatabaseOptions
from adbc_driver_flightsql import StatementOptions as FlightStatementOptions
from adbc_driver_manager import StatementOptions

COUNT = "SELECT count(*) AS n FROM person"
SET = ConnectionOptions.OPTION_SESSION_OPTION_PREFIX.value
ERASE = ConnectionOptions.OPTION_ERASE_SESSION_OPTION_PREFIX.value


def connect(consortium, cookies: bool = True, **options):
    options = consortium.options(project=None, **options)
    if cookies:
        options[DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value] = "true"
    return flightsql.connect(consortium.uri, db_kwargs=options, autocommit=True)


def ask(connection, sql: str = COUNT):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


class TestSessionOptions:
    def test_they_hold_for_the_connection_and_headers_win(self, consortium):
        with connect(consortium) as connection:
            with pytest.raises(adbc_driver_manager.Error, match="E-PROJECT"):
                ask(connection)
            connection.adbc_connection.set_options(**{SET + "renkei.project": "two-sites"})
            assert ask(connection) == [(1200, 2, 0)]
            connection.adbc_connection.set_options(**{SET + "renkei.min_sites": "3"})
            with pytest.raises(adbc_driver_manager.Error, match="E-MIN-SITES"):
                ask(connection)
            with connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**{"adbc.flight.sql.rpc.call_header.renkei-min-sites": "2"})
                cursor.execute(COUNT)
                assert cursor.fetchall() == [(1200, 2, 0)]
            connection.adbc_connection.set_options(**{ERASE + "renkei.min_sites": ""})
            assert ask(connection) == [(1200, 2, 0)]

    def test_they_can_be_read(self, consortium):
        with connect(consortium) as connection:
            assert (connection.adbc_current_catalog, connection.adbc_current_db_schema) == ("renkei", "cdm")
            connection.adbc_connection.set_options(**{SET + "renkei.deadline": "45s"})
            options = json.loads(connection.adbc_connection.get_option(ConnectionOptions.OPTION_SESSION_OPTIONS.value))
            assert options == {"catalog": "renkei", "schema": "cdm", "renkei.deadline": "45s"}

    @pytest.mark.parametrize(("name", "value", "error"), [
        ("renkei.projct", "open", "invalid name"),
        ("renkei.project", "solo", "invalid value"),
        ("renkei.deadline", "soon", "invalid value"),
        ("catalog", "hive", "invalid value"),
    ])
    def test_mistakes_are_named(self, consortium, name, value, error):
        with connect(consortium) as connection:
            with pytest.raises(adbc_driver_manager.Error, match=error):
                connection.adbc_connection.set_options(**{SET + name: value})

    def test_a_driver_without_cookies_is_told_so(self, consortium):
        with connect(consortium, cookies=False) as connection:
            connection.adbc_connection.set_options(**{SET + "renkei.project": "open"})
            with pytest.raises(adbc_driver_manager.Error, match="with_cookie_middleware"):
                ask(connection)


class TestIncremental:
    def test_the_answer_is_one_partition(self, consortium):
        with consortium.connect() as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.INCREMENTAL.value: "true"})
            partitions, schema = cursor.adbc_execute_partitions(COUNT)
            assert (len(partitions), schema.names) == (1, ["n", "renkei_sites", "renkei_held"])
            assert cursor.adbc_statement.get_option_float(StatementOptions.PROGRESS.value) == 1.0
            assert cursor.adbc_statement.get_option_bytes(FlightStatementOptions.LAST_FLIGHT_INFO.value)
            with connection.cursor() as reader:
                reader.adbc_read_partition(partitions[0])
                assert reader.fetchall() == [(1800, 3, 0)]
            with connection.cursor() as reader, pytest.raises(adbc_driver_manager.Error, match="E-STATEMENT"):
                reader.adbc_read_partition(partitions[0])
                reader.fetchall()

    def test_it_is_the_answer_of_the_usual_way(self, consortium):
        sql = "SELECT gender_concept_id, count(*) AS n FROM person WHERE year_of_birth > ? GROUP BY 1 ORDER BY 1"
        with consortium.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, (1950,))
            expected = cursor.fetchall()
            cursor.adbc_statement.set_options(**{StatementOptions.INCREMENTAL.value: "true"})
            partitions, _ = cursor.adbc_execute_partitions(sql, (1950,))
            cursor.adbc_read_partition(partitions[0])
            assert cursor.fetchall() == expected

    def test_a_refusal_comes_as_one(self, consortium):
        with consortium.connect(headers={"renkei-min-sites": "4"}) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.INCREMENTAL.value: "true"})
            began = time.monotonic()
            with pytest.raises(adbc_driver_manager.Error, match="E-MIN-SITES"):
                cursor.adbc_execute_partitions(COUNT)
            assert time.monotonic() - began < 5
