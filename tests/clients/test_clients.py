"""What stock clients do beside asking: data frames, metadata, prepared statements, schemas, identities."""

from concurrent.futures import ThreadPoolExecutor

import adbc_driver_manager
import pandas
import polars
import pyarrow
import pytest

BY_SEX = "SELECT gender_concept_id, count(*) AS n, avg(year_of_birth) AS born FROM person GROUP BY 1 ORDER BY 1"
NAMES = ["gender_concept_id", "n", "born", "renkei_sites", "renkei_held"]


@pytest.fixture(scope="module")
def by_sex(oracle):
    return [row + (3, 0) for row in oracle.ask(BY_SEX)[1]]


def close_to(rows, expected):
    return [tuple(row) for row in rows] == [tuple(pytest.approx(value, rel=1e-9) for value in row) for row in expected]


NEW_IN_V54 = {
    ("measurement", name) for name in ("unit_source_concept_id", "measurement_event_id", "meas_event_field_concept_id")
}


class TestDataFrames:
    def test_pandas(self, connection, by_sex):
        frame = pandas.read_sql(BY_SEX, connection)
        assert list(frame.columns) == NAMES
        assert close_to(frame.itertuples(index=False), by_sex)
        assert str(frame.dtypes["n"]) == "int64"

    def test_pandas_with_arrow_types(self, connection, by_sex):
        frame = pandas.read_sql(BY_SEX, connection, dtype_backend="pyarrow")
        assert str(frame.dtypes["gender_concept_id"]) == "int32[pyarrow]"
        assert close_to(frame.itertuples(index=False), by_sex)

    def test_polars(self, connection, by_sex):
        frame = polars.read_database(BY_SEX, connection)
        assert frame.schema == polars.Schema(
            dict(zip(NAMES, [polars.Int32, polars.Int64, polars.Float64, polars.Int64, polars.Int64]))
        )
        assert close_to(frame.rows(), by_sex)

    def test_polars_with_parameters(self, connection, oracle):
        sql = "SELECT count(*) AS n FROM person WHERE year_of_birth < $1"
        frame = polars.read_database(sql, connection, execute_options={"parameters": [1950]})
        assert frame.rows() == [(oracle.one(sql.replace("$1", "1950")), 3, 0)]

    def test_polars_in_batches(self, connection):
        sql = "SELECT measurement_concept_id, unit_concept_id, count(*) AS n FROM measurement GROUP BY 1, 2"
        whole = polars.read_database(sql, connection)
        parts = list(polars.read_database(sql, connection, iter_batches=True, batch_size=10))
        assert polars.concat(parts).sort(polars.all()).equals(whole.sort(polars.all()))

    def test_arrow_table_and_reader(self, connection, by_sex):
        with connection.cursor() as cursor:
            cursor.execute(BY_SEX)
            table = cursor.fetch_arrow_table()
            cursor.execute(BY_SEX)
            reader = cursor.fetch_record_batch()
            assert reader.schema == table.schema
            assert reader.read_all() == table
        assert close_to([row.values() for row in table.to_pylist()], by_sex)

    def test_rows_of_the_db_api(self, connection, by_sex):
        with connection.cursor() as cursor:
            cursor.execute(BY_SEX)
            assert [column[0] for column in cursor.description] == NAMES
            first, rest = cursor.fetchone(), cursor.fetchall()
        assert close_to([first, *rest], by_sex)

    def test_japanese_text_passes(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT '糖尿病' AS 病名, ? AS 施設, count(*) AS 人数 FROM person", ("東京",))
            assert cursor.fetch_arrow_table().to_pylist() == [
                {"病名": "糖尿病", "施設": "東京", "人数": 1800, "renkei_sites": 3, "renkei_held": 0}
            ]


class TestMetadata:
    def test_info(self, connection):
        info = connection.adbc_get_info()
        assert info["vendor_name"] == "Renkei" and info["vendor_version"]

    def test_table_types(self, connection):
        assert connection.adbc_get_table_types() == ["SYSTEM TABLE", "TABLE"]

    def test_table_schema(self, connection):
        schema = connection.adbc_get_table_schema("measurement", db_schema_filter="cdm")
        assert schema.field("value_as_number").type == pyarrow.float64()
        assert schema.field("measurement_date").type == pyarrow.date32()
        assert schema.field("measurement_concept_id").type == pyarrow.int32()
        assert schema.field("site_id").type == pyarrow.string()
        assert not [name for name in schema.names if name.startswith("__")]
        for hidden in ("value_source_value", "measurement_time"):
            assert hidden not in schema.names
        with pytest.raises(adbc_driver_manager.ProgrammingError, match="NOT_FOUND"):
            connection.adbc_get_table_schema("mesurement")

    def test_objects(self, connection, oracle):
        (catalog,) = connection.adbc_get_objects(depth="all").read_all().to_pylist()
        schemas = {schema["db_schema_name"]: schema["db_schema_tables"] for schema in catalog["catalog_db_schemas"]}
        assert sorted(schemas) == ["cdm", "renkei"]
        assert {"answers", "codes", "columns", "rules", "sites", "tables"} == {table["table_name"] for table in schemas["renkei"]}
        tables = {table["table_name"]: table["table_columns"] for table in schemas["cdm"]}
        assert {"person", "measurement", "concept", "visit_occurrence", "episode"} <= tables.keys()
        assert not {"note_nlp", "metadata"} & tables.keys()
        for table, columns in tables.items():
            schema = connection.adbc_get_table_schema(table, db_schema_filter="cdm")
            assert [column["column_name"] for column in columns] == schema.names, table

    def test_objects_are_filtered(self, connection):
        found = connection.adbc_get_objects(depth="tables", db_schema_filter="cdm", table_name_filter="visit%").read_all()
        (schema,) = found.to_pylist()[0]["catalog_db_schemas"]
        assert {table["table_name"] for table in schema["db_schema_tables"]} == {"visit_occurrence", "visit_detail"}

    def test_own_tables_say_the_same(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT column_name FROM renkei.columns WHERE table_name = 'person' ORDER BY position")
            names = [name for (name,) in cursor.fetchall()]
        assert names == connection.adbc_get_table_schema("person").names

    def test_every_cdm_column_is_askable_or_refused_for_a_reason(self, connection):
        """What the catalogue offers exists: no column leads to an unknown name or an internal error. The hospital whose
        files are of v5.3 does not have what v5.4 brought, and is left out rather than counted as 0."""
        for table in ("person", "visit_occurrence", "measurement", "drug_exposure", "death"):
            for name in connection.adbc_get_table_schema(table, db_schema_filter="cdm").names:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT count({name}) AS n FROM {table}")
                    sites = 2 if (table, name) in NEW_IN_V54 else 3
                    assert cursor.fetchone()[1:] == (sites, 0), (table, name)


class TestPreparedStatements:
    SQL = "SELECT count(*) AS n FROM person WHERE year_of_birth < ? AND gender_concept_id = ?"

    def test_parameter_schema(self, connection):
        with connection.cursor() as cursor:
            schema = cursor.adbc_prepare(self.SQL)
        assert [field.type for field in schema] == [pyarrow.int32(), pyarrow.int32()]

    def test_reused_with_other_values(self, connection, oracle):
        with connection.cursor() as cursor:
            for year in (1930, 1950, 1970, 1990):
                cursor.execute(self.SQL, (year, 8507))
                assert cursor.fetchall() == [(oracle.ask(self.SQL, (year, 8507))[1][0][0], 3, 0)]

    def test_schema_before_executing(self, connection):
        with connection.cursor() as cursor:
            before = cursor.adbc_execute_schema(BY_SEX)
            cursor.execute(BY_SEX)
            assert cursor.fetch_arrow_table().schema == before

    @pytest.mark.parametrize("sql", [
        "SELECT gender_concept_id, count(*) AS n, sum(year_of_birth) AS s, avg(year_of_birth) AS a FROM person {} GROUP BY 1",
        "SELECT c.concept_name, date_trunc('month', visit_start_date) AS m, count(*) AS n FROM visit_occurrence p JOIN concept c ON c.concept_id = visit_concept_id {} GROUP BY 1, 2",
        "SELECT site_id, date_part('year', death_date) AS y, count(*) AS n FROM death p {} GROUP BY 1, 2",
    ])
    def test_empty_answer_has_the_same_schema(self, connection, sql):
        with connection.cursor() as cursor:
            cursor.execute(sql.format(""))
            full = cursor.fetch_arrow_table()
            cursor.execute(sql.format("WHERE site_id = 'nowhere'"))
            empty = cursor.fetch_arrow_table()
        assert full.num_rows > 0 and empty.num_rows == 0
        assert empty.schema == full.schema
        assert all(field.nullable for field in full.schema)

    def test_one_row_of_parameters(self, connection):
        with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.ProgrammingError, match="E-PARAMETER"):
            cursor.execute(self.SQL, pyarrow.table({"a": [1950, 1960], "b": [8507, 8532]}))


class TestIdentities:
    def test_a_bearer_token_instead_of_a_certificate(self, consortium, token, by_sex):
        with consortium.connect(person=None, token=token) as connection, connection.cursor() as cursor:
            cursor.execute(BY_SEX)
            assert close_to(cursor.fetchall(), by_sex)

    def test_a_member_of_one_project_need_not_name_it(self, consortium):
        with consortium.connect(project=None, person="hanako") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) AS n FROM person")
            assert cursor.fetchall() == [(1800, 3, 0)]

    def test_a_project_of_two_sites(self, consortium, oracle):
        with consortium.connect("two-sites") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT site_id, count(*) AS n FROM measurement GROUP BY site_id ORDER BY site_id")
            pooled = oracle.ask("SELECT site_id, count(*) FROM measurement WHERE site_id <> 'tokyo' GROUP BY 1 ORDER BY 1")[1]
            assert cursor.fetchall() == [row + (1, 0) for row in pooled]

    def test_connections_at_once(self, consortium, oracle):
        sql = "SELECT count(*) AS n FROM measurement WHERE measurement_concept_id = ?"
        codes = [3004410, 3004249, 3016723, 3000963] * 3
        expected = [(oracle.ask(sql, (code,))[1][0][0], 3, 0) for code in codes]

        def ask(code):
            with consortium.connect() as connection, connection.cursor() as cursor:
                cursor.execute(sql, (code,))
                return cursor.fetchone()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(ask, codes)) == expected

    def test_two_cursors_of_one_connection(self, connection, by_sex):
        with connection.cursor() as one, connection.cursor() as other:
            one.execute(BY_SEX)
            other.execute("SELECT count(*) AS n FROM death")
            assert other.fetchone()[1:] == (3, 0)
            assert close_to(one.fetchall(), by_sex)
