"""What an answer says of what hospitals hold back: bounds, columns, undecided rows, late sites, codes in use.

The oracle knows the pooled rows, so that what is said about held parts can be held against the truth.
"""

import json
import time

import adbc_driver_flightsql.dbapi as flightsql
import pytest
from adbc_driver_flightsql import ConnectionOptions, DatabaseOptions

PERSONS = "SELECT condition_concept_id AS code, count(DISTINCT person_id) AS n FROM condition_occurrence GROUP BY 1"
SHARE = (
    "SELECT year_of_birth / 10 AS decade, count(*) FILTER (WHERE gender_concept_id = 8532) AS women, count(*) AS n, "
    "100.0 * count(*) FILTER (WHERE gender_concept_id = 8532) / count(*) AS share FROM person GROUP BY 1"
)
SET = ConnectionOptions.OPTION_SESSION_OPTION_PREFIX.value


def asked(consortium, *args, project="guarded"):
    """The rows of `renkei query` as dictionaries, and its status."""
    done = consortium.renkei("query", "--output", "json", "--status", "json", *args, project=project)
    assert done.returncode in (0, 3), done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()], json.loads(done.stderr)


class TestBounds:
    def test_the_truth_lies_between(self, consortium, oracle):
        truth = dict(oracle.ask(PERSONS)[1])
        rows, _ = asked(consortium, "--bounds", PERSONS)
        assert any(row["renkei_held"] > 0 for row in rows) and any(row["renkei_held"] == 0 for row in rows)
        for row in rows:
            assert row["n_low"] <= truth[row["code"]] <= row["n_high"], row
            assert row["n_high"] - row["n_low"] <= 9 * row["renkei_held"], row
            if row["renkei_held"] == 0:
                assert row["n"] == row["n_low"] == row["n_high"] == truth[row["code"]]

    def test_so_does_it_for_ratios_wherever_there_is_a_bound(self, consortium, oracle):
        truth = {row[0]: row[1:] for row in oracle.ask(SHARE)[1]}
        rows, _ = asked(consortium, "--bounds", SHARE)
        bounded = 0
        for row in rows:
            for name, value in zip(("women", "n", "share"), truth[row["decade"]]):
                low, high = row[f"{name}_low"], row[f"{name}_high"]
                assert low is None or low <= value + 1e-9, (name, row, value)
                assert high is None or value <= high + 1e-9, (name, row, value)
                bounded += low is not None and high is not None
        assert bounded > len(rows)

    def test_by_the_stock_driver_the_schema_is_announced(self, consortium):
        options = consortium.options(project="guarded") | {DatabaseOptions.WITH_COOKIE_MIDDLEWARE.value: "true"}
        with flightsql.connect(consortium.uri, db_kwargs=options, autocommit=True) as connection:
            connection.adbc_connection.set_options(**{SET + "renkei.columns": "off", SET + "renkei.bounds": "on"})
            with connection.cursor() as cursor:
                announced = cursor.adbc_execute_schema(PERSONS)
                cursor.execute(PERSONS)
                assert cursor.fetch_arrow_table().schema.names == announced.names == ["code", "n", "n_low", "n_high"]


class TestColumns:
    def test_off_leaves_whole_totals_alone(self, consortium, oracle):
        truth = dict(oracle.ask(PERSONS)[1])
        with_columns = {row["code"]: row for row in asked(consortium, PERSONS)[0]}
        rows, _ = asked(consortium, "--columns", "off", PERSONS)
        assert {row["code"] for row in rows} == set(with_columns)
        for row in rows:
            assert sorted(row) == ["code", "n"]
            whole = with_columns[row["code"]]["renkei_held"] == 0
            assert row["n"] == (truth[row["code"]] if whole else None)


class TestUndecided:
    @pytest.mark.parametrize("least", [20, 30, 45, 60])
    def test_no_row_that_is_in_the_truth_is_lost_in_silence(self, consortium, oracle, least):
        listed = {row["code"] for row in asked(consortium, PERSONS)[0]}
        truth = {code for code, n in oracle.ask(PERSONS)[1] if n >= least and code in listed}
        rows, status = asked(consortium, f"{PERSONS} HAVING count(DISTINCT person_id) >= {least}")
        undecided = {u["clause"]: u["rows"] for u in status["answer"]["undecided"]}.get("HAVING", 0)
        wrong = truth ^ {row["code"] for row in rows}
        assert len(wrong) <= undecided

    def test_it_is_said_in_words(self, consortium):
        listed = sorted((row for row in asked(consortium, PERSONS)[0] if row["renkei_held"]), key=lambda row: -row["n"])
        least = listed[0]["n"] + 1
        done = consortium.renkei("query", f"{PERSONS} HAVING count(DISTINCT person_id) >= {least}", project="guarded")
        assert "HAVING:" in done.stderr.decode() and "undecided" in done.stderr.decode()
        japanese = consortium.renkei(
            "query", "--lang", "ja", f"{PERSONS} HAVING count(DISTINCT person_id) >= {least}", project="guarded"
        )
        assert japanese.returncode == 0 and "HAVING" in japanese.stderr.decode(), japanese.stderr.decode()


class TestLate:
    def test_the_rest_comes_under_the_same_query_id(self, consortium):
        sql = "SELECT count(*) AS n FROM person"
        with consortium.frozen("tokyo"):
            began = time.monotonic()
            rows, status = asked(consortium, "--wait", "1s", "--deadline", "60s", sql, project="open")
            assert time.monotonic() - began < 20
            assert rows == [{"n": 1200, "renkei_sites": 2, "renkei_held": 0}]
            states = {site["site"]: site["state"] for site in status["answer"]["sites"]}
            assert states == {"nagano": "answered", "osaka": "answered", "tokyo": "late"}
            assert status["answer"]["fetch"]["until"].endswith("Z")
            query_id = status["answer"]["query_id"]
        done = consortium.renkei("fetch", "--output", "json", "--status", "json", query_id, project="open")
        assert done.returncode == 0, done.stderr.decode()
        assert json.loads(done.stdout) == {"n": 1800, "renkei_sites": 3, "renkei_held": 0}
        assert json.loads(done.stderr)["answer"]["query_id"] == query_id
        with consortium.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"FETCH '{query_id}'")
            assert cursor.fetchall() == [(1800, 3, 0)]
        other = consortium.renkei("fetch", query_id, person="hanako", project="solo")
        assert other.returncode == 2 and b"E-STATEMENT" in other.stderr

    def test_what_is_no_id_is_said_before_anybody_is_asked(self, consortium):
        done = consortium.renkei("fetch", "no id")
        assert done.returncode == 2 and b"is not the id of a question" in done.stderr


class TestCatalogue:
    def test_codes_of_sites_that_publish_theirs(self, consortium, oracle):
        done = consortium.renkei("codes", "--output", "json")
        assert done.returncode == 0, done.stderr.decode()
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows, "two sites publish their codes"
        # The third does not.
        assert max(row["sites"] for row in rows) == 2
        assert all(row["persons"] >= 10 and row["persons"] % 10 == 0 and 0 <= row["unmapped_share"] <= 1 for row in rows)
        system = rows[0]["system"]
        one = consortium.renkei("codes", "--output", "json", "--system", system.lower(), "--like", rows[0]["code"][:3] + "%")
        found = [json.loads(line) for line in one.stdout.splitlines()]
        assert found and all(row["system"] == system and row["code"].startswith(rows[0]["code"][:3]) for row in found)

    def test_the_share_without_concept_stands_with_the_answer(self, consortium, oracle):
        _, status = asked(consortium, PERSONS, project="open")
        told = {(u["site"], u["column"]): u["percent"] for u in status["answer"]["unmapped"]}
        assert {site for site, _ in told} == set(consortium.sites)
        for (site, column), percent in told.items():
            assert column == "condition_occurrence.condition_concept_id"
            rows = oracle.one(f"SELECT count(*) FROM condition_occurrence WHERE site_id = '{site}'")
            zero = oracle.one(f"SELECT count(*) FROM condition_occurrence WHERE site_id = '{site}' AND condition_concept_id = 0")
            assert abs(100 * zero / rows - percent) <= 0.51

    def test_rules(self, consortium):
        done = consortium.renkei("explain", "--rules")
        assert done.returncode == 0 and "E-KEY-USE" in done.stdout.decode()
        rows = [json.loads(line) for line in consortium.renkei("explain", "--rules", "--output", "json").stdout.splitlines()]
        for row in rows:
            assert consortium.renkei("explain", row["accepted"]).returncode == 0, row
            refused = consortium.renkei("explain", row["refused"])
            assert refused.returncode == 2 and row["code"] in refused.stderr.decode(), row

    def test_explain_tells_each_hospitals_verdict(self, consortium):
        done = consortium.renkei("explain", "--output", "json", PERSONS)
        whole = json.loads(done.stdout)
        assert {v["site"]: v["permitted"] for v in whole["verdicts"]} == dict.fromkeys(consortium.sites, True)
        assert whole["estimate"]["sites_connected"] == 3
