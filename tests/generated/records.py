"""A small adversarial data set: four sites as OMOP CSV folders, made to break what ordinary data forgive.

- `east` and `west` have persons of the same numbers who are other people, other vocabularies, and other columns that
  are NULL throughout; ids go to the ends of 64 bits.
- `lone` is a site with one person, `bare` one whose persons have no events: its other files have headers only.
- Event ids repeat across the persons of a site; visits repeat within a person; many events name a visit that does not
  exist, or another person's.
- Dates are leap days, the borders of ISO weeks, the first and the last day that the CDM can hold.
- Amounts are mostly multiples of 1/8 and small, so that their sums are exact in any order and a difference is a fault;
  zero, negative and the ends of 32 bits are among them.

Nothing here would be quarantined. The seed is fixed: a named failure stays what it was.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalogue import TABLES, ColumnDef, TableDef
from vocabulary import CONCEPTS, OTHER_CONCEPTS, TYPE_CONCEPTS, ancestors, concepts

SEED = 54
SITES = ("east", "lone", "bare", "west")

SOURCE_VALUES = (
    "ICD10:E11.9",
    "ICD10:E11",
    "ICD10:I10",
    "LOCAL:50%_a",
    "LOCAL:O'Brien",
    "LOCAL:検査",
    "JLAC10:3D045",
    "12",
)

DATES = (
    "2019-03-01",
    "2019-12-31",
    "2020-02-29",
    "2020-12-28",
    "2021-01-03",
    "2021-01-04",
    "2021-06-15",
    "2022-04-01",
    "2022-04-30",
    "2023-02-28",
    "2020-02-28",
    "2021-12-31",
)
ODD_DATES = (
    "0001-01-01",
    "1582-10-15",
    "1899-12-31",
    "1900-02-28",
    "1969-12-31",
    "1970-01-01",
    "2000-02-29",
    "2262-04-12",
    "9999-12-31",
)
TIMES = ("00:00:00", "08:30:00", "12:00:00.5", "23:59:59.999999")
YEARS = (1, 1850, 1931, 1944, 1950, 1968, 1968, 1999, 2023)
AMOUNTS = {
    "value_as_number": (5.5, 6.25, 6.5, 7.0, 0.0, -1.125, 120.0, 0.125, 9.875),
    "range_low": (4.0, 4.5, 0.0, -2.0),
    "range_high": (6.0, 6.5, 1099511627776.5, 0.0),
    "quantity": (0.0, 0.1, 1.0, 6.7, 30.0, -3.3, 1e-9),
}
WHOLE_AMOUNTS = {
    "days_supply": (0, 7, 14, 14, 30, -5, 90, 2147483647, -2147483648),
    "refills": (0, 1, 2, 12),
    "quantity": (1, 2, 0, -1, 2147483647),
}
EVENTS = ("condition_occurrence", "drug_exposure", "procedure_occurrence", "measurement", "observation")


@dataclass(frozen=True)
class Site:
    """One site's persons and its leanings; `void` columns are NULL throughout."""

    name: str
    persons: tuple[int, ...]
    silent: int
    backwards: bool
    void: tuple[str, ...]


HOSPITALS = (
    Site("east", (*range(1, 19), 2**53 + 1, 2**63 - 1), 3, False, ("admitted_from_concept_id", "range_low")),
    Site("west", (*range(-3, 0), 0, *range(5, 13)), 2, True, ("unit_concept_id", "condition_source_value", "refills")),
    Site("lone", (7,), 0, False, ("visit_detail_id",)),
    Site("bare", (1, 2), 2, False, ()),
)
CLINICAL = tuple(
    name
    for name in (
        "person",
        "observation_period",
        "visit_occurrence",
        "visit_detail",
        *EVENTS,
        "death",
        "cohort",
        "care_site",
        "provider",
        "location",
    )
)


def write(out: Path) -> dict[str, tuple[Path, Path]]:
    """Writes the folders of records and vocabulary of every site, and returns them by site."""
    folders = {}
    for site in HOSPITALS:
        records, vocabulary = out / site.name / "records", out / site.name / "vocabulary"
        rows = Filling(site).tables()
        for table in CLINICAL:
            save(records, table, rows[table])
        save(vocabulary, "concept", concepts())
        save(vocabulary, "concept_ancestor", ancestors())
        folders[site.name] = (records, vocabulary)
    return folders


def save(folder: Path, table: str, rows: list[dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{table}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [column.name for column in TABLES[table].columns], restval="")
        writer.writeheader()
        writer.writerows(rows)


def pool(column: ColumnDef) -> tuple:
    """What a column of codes, amounts or demographics takes its values from; statements compare with the same."""
    if column.name.endswith("type_concept_id"):
        return TYPE_CONCEPTS
    if column.name in CONCEPTS:
        return CONCEPTS[column.name]
    if column.concept:
        return OTHER_CONCEPTS
    if column.type == "float":
        return AMOUNTS.get(column.name, (0.0, 1.0))
    if column.name == "year_of_birth":
        return YEARS
    if column.type == "int":
        return WHOLE_AMOUNTS.get(column.name, (0, 1, 2))
    return {"state": ("13", "27")}.get(column.name, SOURCE_VALUES)


class Filling:
    """Fills one site's tables from its own stream of random numbers."""

    def __init__(self, site: Site):
        self.site = site
        self.random = random.Random(SEED + sum(map(ord, site.name)))

    def tables(self) -> dict[str, list[dict]]:
        rows: dict[str, list[dict]] = {table: [] for table in CLINICAL}
        for table in ("location", "care_site", "provider"):
            rows[table] = (
                [self.row(TABLES[table], {f"{table}_id": i}) for i in range(1, 4)] if self.site.persons else []
            )
        for index, person in enumerate(self.site.persons):
            rows["person"].append(self.row(TABLES["person"], {"person_id": person}))
            if index >= len(self.site.persons) - self.site.silent:
                continue
            for table, some in self.events(index, person):
                rows[table].extend(some)
        return rows

    def events(self, index: int, person: int) -> Iterator[tuple[str, list[dict]]]:
        """One person's rows of every table; every fifth person has a visit that is recorded twice."""
        r = self.random
        twice = index % 5 == 1
        yield "visit_occurrence", self.numbered("visit_occurrence", person, r.choice((twice, 1, 2, 3)), twice)
        yield (
            "visit_detail",
            [
                self.row(TABLES["visit_detail"], {"visit_detail_id": i, "person_id": person})
                for i in range(1, r.choice((1, 1, 3)))
            ],
        )
        yield "observation_period", self.numbered("observation_period", person, r.choice((1, 1, 2)))
        for table in EVENTS:
            yield table, self.numbered(table, person, r.choice((0, 1, 2, 3, 4)))
        if r.random() < 0.3:
            yield "death", [self.row(TABLES["death"], {"person_id": person}) for _ in range(r.choice((1, 1, 1, 2)))]
        if r.random() < 0.5:
            yield "cohort", [self.row(TABLES["cohort"], {"cohort_definition_id": 1, "subject_id": person})]

    def numbered(self, table: str, person: int, count: int, twice: bool = False) -> list[dict]:
        """Rows numbered from 1 within the person, or from far up; `twice` repeats the first of them."""
        far = 2**62 if self.random.random() < 0.1 else 0
        rows = [self.row(TABLES[table], {f"{table}_id": far + i, "person_id": person}) for i in range(1, count + 1)]
        return rows + [dict(rows[0])] if twice and rows else rows

    def row(self, table: TableDef, given: dict) -> dict:
        return given | {column.name: self.value(column) for column in table.columns if column.name not in given}

    def value(self, column: ColumnDef):
        r = self.random
        if not column.required and (column.name in self.site.void or r.random() < 0.25):
            return None
        if column.role == "never":
            return {"text": "x", "date": "2020-01-01", "timestamp": "2020-01-01", "float": 1}.get(column.type, 1)
        match column.type:
            case "id":
                return r.choice((1, 1, 2, 3, 4, 99))
            case "date":
                return self.day()
            case "timestamp":
                return f"{self.day()} {r.choice(TIMES)}"
        values = pool(column)
        return values[self.skewed(len(values))]

    def day(self) -> str:
        return self.random.choice(ODD_DATES if self.random.random() < 0.2 else DATES)

    def skewed(self, count: int) -> int:
        """Mostly the first of some, or at a site that is the other way round mostly the last."""
        index = min(int(self.random.expovariate(0.7)), count - 1)
        return count - 1 - index if self.site.backwards else index
