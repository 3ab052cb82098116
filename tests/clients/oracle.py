"""What the pooled accepted rows say: DuckDB over the Parquet files of every site's snapshot.

The same SQL text runs here and at the gateway. Keys are local to a site, and event ids only unique within a person
(real data repeat them), so the tables get composite keys by one mechanical rule:

- a column is a key if its type is BIGINT: concept ids are INTEGER, and nothing else in the CDM has 64 bits;
- `person_id`, `provider_id`, `care_site_id` and `location_id` become `site:id`;
- any other key of a row of a person becomes `site:person:id`;
- ids are padded with zeros, so that they sort as numbers do.

Vocabulary tables are loaded once, after checking that all sites hold the same rows. DuckDB is set to the gateway's
dialect where it differs (integer division, x / 0); what cannot be set is rewritten statement by statement, where
`Case.oracle` says so.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

SITE_KEYS = {"person_id", "provider_id", "care_site_id", "location_id"}
INTERNAL = {"__owner"}
NOT_TABLES = {"persons", "cdm_source", "metadata"}
RELATIVE = 1e-9
DIALECT = {"integer_division": True, "ieee_floating_point_ops": False, "error_on_division_by_zero": False}

CODE_PREFIX = """CREATE MACRO code_prefix(code, n) AS
    code[: CASE WHEN contains(code, ':') THEN instr(code, ':') ELSE 0 END + n]"""

CLIP = "CREATE MACRO clip(x, lo, hi) AS CASE WHEN x IS NULL THEN NULL ELSE least(greatest(x, lo), hi) END"

Row = tuple


class Oracle:
    """The pooled rows of some snapshots, by site."""

    def __init__(self, snapshots: Mapping[str, Path]):
        self.db = duckdb.connect(config=DIALECT)
        self.db.execute("SET TimeZone = 'UTC'")
        self.db.execute(CODE_PREFIX)
        self.db.execute(CLIP)
        files: dict[str, dict[str, Path]] = {}
        for site, folder in snapshots.items():
            for file in sorted(folder.glob("*.parquet")):
                if file.stem not in NOT_TABLES:
                    files.setdefault(file.stem, {})[site] = file
        for table, by_site in files.items():
            self._load(table, by_site)

    def ask(self, sql: str, parameters: Sequence = ()) -> tuple[list[str], list[Row]]:
        """Column names and rows."""
        answer = self.db.execute(sql, list(parameters))
        return [column[0] for column in answer.description], answer.fetchall()

    def one(self, sql: str):
        """The one value of an answer."""
        ((value,),) = self.ask(sql)[1]
        return value

    def _load(self, table: str, by_site: Mapping[str, Path]) -> None:
        sources = [(site, f"read_parquet('{file}')") for site, file in by_site.items()]
        columns = {name: kind for name, kind, *_ in self.db.execute(f"DESCRIBE FROM {sources[0][1]}").fetchall()}
        if not any(kind == "BIGINT" for kind in columns.values()):
            return self._load_vocabulary(table, [source for _, source in sources])
        kept = [name for name in columns if name not in INTERNAL]
        fields = ", ".join(composite(name, columns) for name in kept)
        parts = [f"SELECT '{site}' AS site_id, {fields} FROM {source}" for site, source in sources]
        self.db.execute(f'CREATE TABLE "{table}" AS {" UNION ALL BY NAME ".join(parts)}')

    def _load_vocabulary(self, table: str, sources: list[str]) -> None:
        self.db.execute(f'CREATE TABLE "{table}" AS FROM {sources[0]}')
        for source in sources[1:]:
            for a, b in [(f'"{table}"', source), (source, f'"{table}"')]:
                assert not self.db.execute(f"FROM {a} EXCEPT ALL FROM {b}").fetchall(), f"{table} differs between sites"


def composite(name: str, columns: Mapping[str, str]) -> str:
    """A column as the oracle selects it."""
    if columns[name] != "BIGINT":
        return f'"{name}"'
    parts = ["site_id"]
    if name not in SITE_KEYS and "person_id" in columns:
        parts.append("printf('%020d', person_id)")
    parts.append(f"printf('%020d', \"{name}\")")
    return " || ':' || ".join(parts) + f' AS "{name}"'


def differences(found: Sequence[Row], expected: Sequence[Row], ordered: bool) -> str | None:
    """What differs between two answers, or nothing: integers exactly, floats to 1e-9 of their size."""
    found, expected = [normal(row) for row in found], [normal(row) for row in expected]
    if not ordered:
        found, expected = sorted(found, key=rank), sorted(expected, key=rank)
    if len(found) != len(expected):
        return f"{len(found)} rows, {len(expected)} expected\n{found[:5]}\n{expected[:5]}"
    for i, (a, b) in enumerate(zip(found, expected)):
        if len(a) != len(b) or not all(same(x, y) for x, y in zip(a, b)):
            return f"row {i}:\n{a}\n{b} expected"
    return None


def normal(row: Row) -> Row:
    return tuple(normal_value(value) for value in row)


def normal_value(value):
    """Engines differ in how they show one value: decimals, and days as dates, timestamps or intervals."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() if value.time() == datetime.min.time():
            return value.date()
        case timedelta():
            return value / timedelta(days=1)
        case _:
            return value


def same(a, b) -> bool:
    if isinstance(a, bool) or isinstance(b, bool) or not is_number(a) or not is_number(b):
        return type(a) is type(b) and a == b
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=RELATIVE) or (math.isnan(a) and math.isnan(b))


def is_number(value) -> bool:
    return isinstance(value, (int, float))


def rank(row: Row):
    """An order in which rows with nearly equal floats stand at the same place on both sides."""
    exact = [("float", "") if isinstance(value, float) else text(value) for value in row]
    return exact, [f"{value:.6e}" for value in row if isinstance(value, float)]


def text(value) -> tuple[str, str]:
    kind = "number" if is_number(value) else "day" if isinstance(value, date) else "other"
    return kind, f"{value:024d}" if isinstance(value, int) else str(value)
