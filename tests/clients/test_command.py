"""The `renkei` command against a running consortium: forms of output, streams, exit statuses, sites that go and come."""

import csv
import io
import json
import re
import time

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

SQL = "SELECT c.concept_name AS sex, count(*) AS n, avg(p.year_of_birth) AS born FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY 1 ORDER BY 1"
COUNT = "SELECT site_id, count(*) AS n FROM person GROUP BY site_id ORDER BY site_id"
TOTAL = "SELECT count(*) AS n FROM person"


@pytest.fixture(scope="module")
def answer(oracle):
    return [row + (3, 0) for row in oracle.ask(SQL)[1]]


def query(consortium, *args, **options):
    """Runs `renkei query`, which must succeed, and returns what it wrote."""
    done = consortium.renkei("query", *args, **options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def close_to(rows, expected):
    return [tuple(row) for row in rows] == [
        tuple(pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for value in row) for row in expected
    ]


class TestForms:
    def test_json_lines(self, consortium, answer):
        lines = query(consortium, "--output", "json", SQL).splitlines()
        assert close_to([json.loads(line).values() for line in lines], answer)

    def test_json_is_the_form_of_a_pipe(self, consortium):
        assert query(consortium, SQL) == query(consortium, "--output", "json", SQL)

    def test_csv(self, consortium, answer):
        heading, *rows = csv.reader(io.StringIO(query(consortium, "--output", "csv", SQL).decode()))
        assert heading == ["sex", "n", "born", "renkei_sites", "renkei_held"]
        assert close_to([(s, int(n), float(b), int(c), int(h)) for s, n, b, c, h in rows], answer)

    def test_csv_for_excel(self, consortium):
        written = query(consortium, "--output", "csv", "--csv-bom", "SELECT '糖尿病' AS 病名, count(*) AS n FROM person")
        assert written.decode("utf-8-sig").splitlines() == ["病名,n,renkei_sites,renkei_held", "糖尿病,1800,3,0"]
        assert written.startswith(b"\xef\xbb\xbf")

    def test_parquet(self, consortium, answer):
        table = pyarrow.parquet.read_table(io.BytesIO(query(consortium, "--output", "parquet", SQL)))
        assert close_to([row.values() for row in table.to_pylist()], answer)

    def test_arrow(self, consortium, answer):
        table = pyarrow.ipc.open_stream(query(consortium, "--output", "arrow", SQL)).read_all()
        assert close_to([row.values() for row in table.to_pylist()], answer)

    def test_table(self, consortium, answer):
        heading, rule, *rows = query(consortium, "--output", "table", SQL).decode().splitlines()
        assert heading.replace("│", " ").split() == ["sex", "n", "born", "renkei_sites", "renkei_held"]
        assert set(rule) == set("─┼")
        read = [line.replace("│", " ").split() for line in rows]
        assert [(sex, int(n), int(sites), int(held)) for sex, n, _, sites, held in read] == [(r[0], r[1], 3, 0) for r in answer]

    def test_files(self, consortium, answer, tmp_path):
        for name, read in [("a.parquet", pyarrow.parquet.read_table), ("a.arrow", lambda file: pyarrow.ipc.open_file(file).read_all())]:
            assert query(consortium, "--out", tmp_path / name, SQL) == b""
            assert close_to([row.values() for row in read(tmp_path / name).to_pylist()], answer)
        footer = pyarrow.parquet.read_metadata(tmp_path / "a.parquet").metadata
        assert SQL.encode() in b"\n".join(footer.values()), "the file says what was asked"

    def test_nulls(self, consortium):
        sql = "SELECT CASE WHEN count(*) > 0 THEN NULL ELSE 'x' END AS a, '' AS b FROM person"
        assert json.loads(query(consortium, "--output", "json", sql)) == {"a": None, "b": "", "renkei_sites": 3, "renkei_held": 0}
        assert query(consortium, "--output", "csv", sql).splitlines()[1] == b',"",3,0'

    def test_no_rows(self, consortium):
        sql = SQL.replace("GROUP BY", "WHERE p.year_of_birth > 2100 GROUP BY")
        assert query(consortium, "--output", "json", sql) == b""
        assert query(consortium, "--output", "csv", sql).decode().strip() == "sex,n,born,renkei_sites,renkei_held"
        assert pyarrow.parquet.read_table(io.BytesIO(query(consortium, "--output", "parquet", sql))).num_rows == 0


class TestStatements:
    def test_from_stdin_and_file(self, consortium, tmp_path):
        (tmp_path / "q.sql").write_text(SQL + ";\n")
        expected = query(consortium, SQL)
        assert query(consortium, stdin=SQL.encode()) == expected
        assert query(consortium, "--file", tmp_path / "q.sql") == expected

    def test_parameters(self, consortium, oracle):
        sql = "SELECT count(*) AS n FROM visit_occurrence WHERE visit_concept_id = $1 AND visit_start_date >= $2"
        expected = oracle.one(sql.replace("$1", "9202").replace("$2", "DATE '2022-04-01'"))
        found = json.loads(query(consortium, "-p", "9202", "-p", "2022-04-01", sql))
        assert found == {"n": expected, "renkei_sites": 3, "renkei_held": 0}

    def test_explain_asks_nobody_and_names_what_leaves(self, consortium):
        done = consortium.renkei("explain", SQL)
        assert done.returncode == 0
        text = done.stdout.decode()
        for piece in ("leaves", "count", "avg", "person", "concept", "runs at each site", "runs at the gateway"):
            assert piece in text, piece
        before = query(consortium, "SELECT count(*) AS n FROM renkei.answers")
        consortium.renkei("explain", SQL)
        assert query(consortium, "SELECT count(*) AS n FROM renkei.answers") == before

    def test_explain_as_json(self, consortium):
        done = consortium.renkei("explain", "--output", "json", SQL)
        assert done.returncode == 0, done.stderr.decode()
        assert "release_points" in done.stdout.decode() and json.loads(done.stdout)

    def test_sites(self, consortium):
        done = consortium.renkei("sites", "--output", "json")
        assert done.returncode == 0, done.stderr.decode()
        rows = {row["site_id"]: row for row in map(json.loads, done.stdout.splitlines())}
        assert sorted(rows) == sorted(consortium.sites)
        for site, row in rows.items():
            assert (row["state"], row["seal"], row["cdm_version"], row["persons"]) == ("connected", "synthetic", "5.4", 600)
            assert row["snapshot_id"] == consortium.snapshots[site].name

    def test_tables(self, consortium):
        done = consortium.renkei("tables")
        assert done.returncode == 0 and "measurement" in done.stdout.decode()
        done = consortium.renkei("tables", "person")
        assert done.returncode == 0 and "year_of_birth" in done.stdout.decode()


class TestStreamsAndStatuses:
    def test_data_and_status_are_apart(self, consortium):
        done = consortium.renkei("query", "--output", "csv", COUNT)
        assert done.returncode == 0
        assert done.stdout.decode().splitlines()[1:] == [f"{site},600,1,0" for site in sorted(consortium.sites)]
        err = done.stderr.decode()
        assert all(site in err for site in consortium.sites) and "3 of 3 sites in the answer" in err
        assert "\x1b" not in err
        quiet = consortium.renkei("query", "--quiet", "--output", "csv", COUNT)
        assert (quiet.stdout, quiet.stderr) == (done.stdout, b"")

    def test_held_cells_are_not_a_failure(self, consortium):
        done = consortium.renkei(
            "query", "SELECT count(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = 373182",
            project="guarded",
        )
        assert done.returncode == 0
        assert json.loads(done.stdout) == {"n": None, "renkei_sites": 0, "renkei_held": 3}

    @pytest.mark.parametrize("args, options, status, text", [
        (["query", "SELECT * FROM person"], {}, 2, "E-ROWS"),
        (["query", "SELECT count(*) FROM persn"], {}, 2, "hint: did you mean person?"),
        (["query", "--output", "xml", TOTAL], {}, 2, "xml"),
        (["query", "-p", "5", TOTAL], {}, 2, "E-PARAMETER"),
        (["query", TOTAL], {"project": "solo"}, 4, "E-PROJECT"),
        (["query", TOTAL], {"person": "nobody"}, 4, "E-PROJECT"),
        (["query", "SELECT count(*) FROM measurement"], {"project": "two-tables"}, 4, "E-GRANT-TABLE"),
        (["query", "--min-sites", "4", TOTAL], {}, 5, "E-MIN-SITES"),
        (["query", "--deadline", "1ms", TOTAL], {}, 5, "E-LATE"),
    ])
    def test_no_answer(self, consortium, args, options, status, text):
        done = consortium.renkei(*args, **options)
        assert (done.returncode, done.stdout) == (status, b""), done.stderr.decode()
        assert text in done.stderr.decode()

    def test_no_gateway(self, consortium):
        done = consortium.renkei("query", TOTAL, port=1)
        assert (done.returncode, done.stdout) == (5, b"")
        assert "localhost:1" in done.stderr.decode()

    def test_status_as_json(self, consortium):
        done = consortium.renkei("query", "--status", "json", TOTAL)
        status = json.loads(done.stderr)
        assert (status["status"], status["exit_status"], status["rows"]) == ("ok", 0, 1)
        assert {site["site"]: site["state"] for site in status["answer"]["sites"]} == dict.fromkeys(consortium.sites, "answered")


class TestSitesThatGoAndCome:
    # Some seconds of work at each site (debug builds).
    WORK = "SELECT avg(v) AS v FROM ({}) t".format(
        " UNION ALL ".join(
            ["SELECT avg(value_as_number) OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS v FROM measurement"]
            * 8
        )
    )

    @pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
    def test_partial(self, consortium, oracle, kill):
        rest = oracle.ask("SELECT count(*), avg(value_as_number) FROM measurement WHERE site_id <> 'osaka'")[1][0]
        sql = "SELECT count(*) AS n, avg(value_as_number) AS mean FROM measurement"
        with consortium.without("osaka", kill=kill):
            done = consortium.renkei("query", sql)
            assert done.returncode == 3, done.stderr.decode()
            found = json.loads(done.stdout)
            assert found == {"n": rest[0], "mean": pytest.approx(rest[1], rel=1e-9), "renkei_sites": 2, "renkei_held": 0}
            err = done.stderr.decode()
            assert "osaka" in err and "offline" in err and "2 of 3 sites in the answer" in err

            few = consortium.renkei("query", "--min-sites", "3", sql)
            assert (few.returncode, few.stdout) == (5, b"")
            assert "E-MIN-SITES" in few.stderr.decode() and "osaka" in few.stderr.decode()
            assert consortium.renkei("query", "--min-sites", "2", sql).returncode == 3

            with consortium.connect() as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                assert cursor.fetchone()[2:] == (2, 0)
                cursor.execute("SELECT state, code FROM renkei.answers WHERE site_id = 'osaka' LIMIT 1")
                assert cursor.fetchone() == ("offline", "E-OFFLINE")
        assert json.loads(query(consortium, TOTAL)) == {"n": 1800, "renkei_sites": 3, "renkei_held": 0}

    def test_a_node_that_dies_while_it_works(self, consortium, oracle):
        pooled = oracle.ask(self.WORK.replace("FROM measurement", "FROM measurement WHERE site_id <> 'osaka'"))[1][0]
        process = consortium.renkei_process("query", "--output", "json", self.WORK)
        time.sleep(0.8)
        with consortium.without("osaka", kill=True):
            out, err = process.communicate(timeout=60)
            assert process.returncode == 3, err.decode()
            assert json.loads(out) == {"v": pytest.approx(pooled[0], rel=1e-9), "renkei_sites": 2, "renkei_held": 0}
            assert re.search(r"osaka\s+│ (offline|failed)", err.decode()), err.decode()

    def test_a_node_that_hangs_is_late(self, consortium):
        with consortium.frozen("osaka"):
            done = consortium.renkei("query", "--deadline", "2s", TOTAL)
            assert done.returncode == 3, done.stderr.decode()
            assert json.loads(done.stdout) == {"n": 1200, "renkei_sites": 2, "renkei_held": 0}
            assert re.search(r"osaka\s+│ late", done.stderr.decode()), done.stderr.decode()
        assert json.loads(query(consortium, TOTAL))["renkei_sites"] == 3

    def test_nobody_there(self, consortium):
        with consortium.without("nagano"), consortium.without("osaka"), consortium.without("tokyo"):
            done = consortium.renkei("query", TOTAL)
            assert (done.returncode, done.stdout) == (5, b""), done.stderr.decode()
            assert "E-MIN-SITES" in done.stderr.decode() or "E-OFFLINE" in done.stderr.decode()
        assert json.loads(query(consortium, TOTAL))["renkei_sites"] == 3

    def test_a_gateway_that_restarts(self, consortium):
        gateway = consortium.programs["gateway"]
        gateway.kill()
        assert consortium.renkei("query", TOTAL).returncode == 5
        gateway.start()
        consortium.wait_connected(consortium.sites)
        assert json.loads(query(consortium, TOTAL)) == {"n": 1800, "renkei_sites": 3, "renkei_held": 0}
