"""The tables and columns of the language, read from the page that documents them.

The generator knows a column's role and type from docs/reference/cdm.md alone, so that a page which promises more than
the planner takes, or less, shows up as a refused statement.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "cdm.md"

OWNERS = {"rows of persons": "persons", "rows of the site": "site", "vocabulary": "vocabulary"}
TYPES = {
    "Int64": "id",
    "Int32": "int",
    "Float64": "float",
    "Utf8": "text",
    "Date32": "date",
    "Timestamp(µs)": "timestamp",
}
ROW = re.compile(
    r"^\| `(?P<name>\w+)` \| (?P<kind>[^|]*) \| (?P<arrow>[^|]*) \| (?P<required>[^|]*) \| (?P<role>[^|]*) \|"
)


@dataclass(frozen=True)
class ColumnDef:
    """A column: its type in answers, and what a statement may do with it."""

    name: str
    type: str
    required: bool
    role: str
    domain: str | None
    concept: bool

    @property
    def visible(self) -> bool:
        return self.role != "never"


@dataclass(frozen=True)
class TableDef:
    name: str
    owner: str
    columns: tuple[ColumnDef, ...]

    def column(self, name: str) -> ColumnDef:
        (found,) = [column for column in self.columns if column.name == name]
        return found


def read(page: Path = PAGE) -> dict[str, TableDef]:
    """Every table of the page by name."""
    tables = {}
    for section in page.read_text().split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        about = re.search(r"^\*(.*)\.\*$", body, re.MULTILINE)
        if about is None:
            continue
        owner = next((owner for words, owner in OWNERS.items() if words in about.group(1)), "nobody")
        columns = tuple(column(row) for row in map(ROW.match, body.splitlines()) if row)
        tables[name.strip()] = TableDef(name.strip(), owner, columns)
    return tables


def column(row: re.Match) -> ColumnDef:
    role = row["role"].strip()
    domain = re.match(r"key\((\w+)\)", role)
    return ColumnDef(
        name=row["name"],
        type=TYPES[row["arrow"].strip()],
        required=row["required"].strip() != "",
        role="key" if domain else role,
        domain=domain.group(1) if domain else None,
        concept="[concept]" in row["kind"],
    )


TABLES = read()
