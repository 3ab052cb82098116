"""Third-party OMOP data with real dirt, a third of the persons at each of three sites.

The data are no part of the repository; where they are absent these tests are skipped. `GiBleed` has ids that stand for
several rows, visits that do not exist and observation periods of nobody; `Synthea 1k` is a small CDM v5.4.
"""

from pathlib import Path

import pyarrow.compute
import pyarrow.parquet
import pytest

from conftest import ROOT, running
from consortium import Consortium, Project
from oracle import Oracle
from pooled import Case, check

DATA = ROOT.parent / "shared" / "data" / "omop"
SITES = ("east", "north", "west")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the third-party OMOP data (../shared/data/omop) are not here")

COMMON = [
    Case("persons by sex", "SELECT gender_concept_id, count(*) AS n, avg(year_of_birth) AS born, stddev(year_of_birth) AS sd FROM person GROUP BY 1"),
    Case("by decade of birth", "SELECT year_of_birth / 10 * 10 AS decade, count(*) AS n FROM person GROUP BY 1", spread=True),
    Case("persons by condition", "SELECT c.concept_name, count(*) AS n, count(DISTINCT o.person_id) AS persons FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id GROUP BY 1 ORDER BY n DESC, c.concept_name LIMIT 20", ordered=True),
    Case("conditions by year", "SELECT date_part('year', condition_start_date) AS year, count(*) AS n FROM condition_occurrence GROUP BY 1", spread=True),
    Case("drugs by month", "SELECT date_trunc('month', drug_exposure_start_date) AS month, count(*) AS n FROM drug_exposure GROUP BY 1", spread=True),
    Case("days of supply", "SELECT drug_concept_id, count(*) AS n, sum(days_supply) AS days, avg(quantity) AS q, var_pop(days_supply) AS v FROM drug_exposure GROUP BY 1", spread=True),
    Case("measurements by code", "SELECT measurement_concept_id, unit_concept_id, count(*) AS n, count(value_as_number) AS with_value, avg(value_as_number) AS mean, stddev(value_as_number) AS sd FROM measurement GROUP BY 1, 2", spread=True),
    Case("measurements of women", "SELECT m.measurement_concept_id, count(*) AS n, count(DISTINCT m.person_id) AS persons FROM measurement m JOIN person p ON p.person_id = m.person_id WHERE p.gender_concept_id = 8532 GROUP BY 1", spread=True),
    Case("conditions in visits", "SELECT v.visit_concept_id, count(*) AS n FROM condition_occurrence c JOIN visit_occurrence v ON v.visit_occurrence_id = c.visit_occurrence_id GROUP BY 1", spread=True),
    Case("conditions without a visit that exists", "SELECT count(*) AS n FROM condition_occurrence c LEFT JOIN visit_occurrence v ON v.visit_occurrence_id = c.visit_occurrence_id WHERE v.visit_concept_id IS NULL"),
    Case("exposures per person", "SELECT n, count(*) AS persons FROM (SELECT person_id, count(*) AS n FROM drug_exposure GROUP BY person_id) d GROUP BY n", spread=True),
    Case("age at the first condition", """WITH first AS (SELECT person_id, min(condition_start_date) AS day FROM condition_occurrence GROUP BY person_id)
        SELECT p.gender_concept_id, count(*) AS n, avg(date_part('year', f.day) - p.year_of_birth) AS age FROM first f JOIN person p ON p.person_id = f.person_id GROUP BY 1"""),
    Case("order of doubled ids", """SELECT count(*) AS n, count(DISTINCT person_id) AS persons FROM (SELECT person_id,
        row_number() OVER (PARTITION BY person_id ORDER BY drug_exposure_start_date, drug_exposure_id) AS i FROM drug_exposure) d WHERE i = 3"""),
    Case("length of observation", "SELECT count(*) AS n, avg(observation_period_end_date - observation_period_start_date) AS days FROM observation_period"),
    Case("shares by site", "SELECT site_id, count(*) AS n, 1.0 * count(*) / sum(count(*)) OVER () AS share FROM person GROUP BY site_id", sites=1),
    Case("a rate of two points", """WITH a AS (SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1),
        b AS (SELECT p.gender_concept_id AS g, count(DISTINCT p.person_id) AS n FROM person p JOIN procedure_occurrence x ON x.person_id = p.person_id GROUP BY 1)
        SELECT a.g, 1.0 * b.n / a.n AS share FROM a JOIN b ON a.g = b.g"""),
]

GIBLEED = [
    Case("celecoxib and bleeding", """WITH drug AS (SELECT person_id, min(drug_exposure_start_date) AS day FROM drug_exposure d
            JOIN concept_ancestor a ON a.descendant_concept_id = d.drug_concept_id WHERE a.ancestor_concept_id = 1118084 GROUP BY person_id),
        bleed AS (SELECT person_id, min(condition_start_date) AS day FROM condition_occurrence WHERE condition_concept_id = 192671 GROUP BY person_id)
        SELECT count(*) AS exposed, count(b.day) AS bled FROM drug d LEFT JOIN bleed b ON b.person_id = d.person_id AND b.day >= d.day"""),
    Case("all values are null", "SELECT count(*) AS n, count(value_as_number) AS v, avg(value_as_number) AS mean FROM measurement"),
]

SYNTHEA = [
    Case("deaths", "SELECT p.gender_concept_id, count(*) AS n, count(d.death_date) AS dead FROM person p LEFT JOIN death d ON d.person_id = p.person_id GROUP BY 1"),
    Case("descendants", "SELECT count(DISTINCT o.person_id) AS n FROM condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id WHERE a.ancestor_concept_id = 4274025"),
]


def thirds(source: Path, out: Path) -> dict[str, Path]:
    """Writes each site's folder: its persons' rows, and whatever belongs to nobody whole."""
    folders = {site: out / site for site in SITES}
    for folder in folders.values():
        folder.mkdir(parents=True)
    for file in sorted(source.glob("*.parquet")):
        table = pyarrow.parquet.read_table(file)
        for i, folder in enumerate(folders.values()):
            part = table
            if "person_id" in table.column_names:
                persons = table["person_id"].to_numpy(zero_copy_only=False)
                part = table.filter(pyarrow.array(persons % len(SITES) == i))
            pyarrow.parquet.write_table(part, folder / file.name)
    return folders


class RealData:
    """A consortium over one data set, with the reports of its ingests."""

    def __init__(self, source: Path, dir: Path, bin: Path):
        self.consortium = Consortium(dir, bin, SITES, ("taro",), (Project("open", ("taro",), minimum_persons=1),), "taro")
        self.consortium.prepare()
        folders = thirds(source, dir / "sources")
        self.reports = {site: self.consortium.ingest(site, folder, seal="public") for site, folder in folders.items()}
        self.source = {file.stem: pyarrow.parquet.read_metadata(file).num_rows for file in source.glob("*.parquet")}
        self.oracle = Oracle(self.consortium.snapshots)

    def rows(self, table: str, what: str) -> int:
        """Rows of a table, `read` or `accepted`, over all sites."""
        return sum(t[what] for report in self.reports.values() for t in report["tables"] if t["table"] == table)

    def rejected(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for report in self.reports.values():
            for table in report["tables"]:
                for rule, rows in table["rejected"].items():
                    rules = found.setdefault(table["table"], {})
                    rules[rule] = rules.get(rule, 0) + rows
        return found

    def check_reports(self) -> None:
        for report in self.reports.values():
            for table in report["tables"]:
                assert table["read"] == table["accepted"] + sum(table["rejected"].values()), table
        for table in ("person", "condition_occurrence", "drug_exposure", "measurement", "observation_period", "visit_occurrence"):
            assert self.rows(table, "read") == self.source[table], table
            assert self.rows(table, "accepted") == self.oracle.one(f"SELECT count(*) FROM {table}"), table

    def ask(self, case: Case) -> None:
        with self.consortium.connect() as connection:
            assert check(connection, self.oracle, case) > 0


def made(name: str, bin_dir: Path, tmp_path_factory):
    data = RealData(DATA / name, tmp_path_factory.mktemp(name.split("_")[0]), bin_dir)
    for _ in running(data.consortium):
        yield data


@pytest.fixture(scope="module")
def gibleed(bin_dir, tmp_path_factory):
    yield from made("gibleed_v5.3", bin_dir, tmp_path_factory)


@pytest.fixture(scope="module")
def synthea(bin_dir, tmp_path_factory):
    yield from made("synthea1k_v5.4", bin_dir, tmp_path_factory)


class TestGiBleed:
    def test_every_row_is_accounted_for(self, gibleed):
        gibleed.check_reports()
        assert gibleed.rejected() == {"observation_period": {"person": 2_649}}
        assert gibleed.rows("drug_exposure", "accepted") == 67_707, "doubled ids are kept"
        assert gibleed.rows("measurement", "accepted") == 44_053

    def test_the_quarantine_lists_them(self, gibleed):
        lines = 0
        for folder in gibleed.consortium.snapshots.values():
            heading, *rows = (folder / "quarantine.csv").read_text().splitlines()
            assert "table" in heading
            lines += len(rows)
        assert lines == 2_649

    def test_dirt_is_reported(self, gibleed):
        for report in gibleed.reports.values():
            assert report["source_version"].startswith("5.3")
            text = str(report["findings"])
            for piece in ("drug_exposure_id", "measurement_id", "visit_occurrence_id", "gender_concept_id"):
                assert piece in text, piece

    @pytest.mark.parametrize("case", COMMON + GIBLEED, ids=lambda case: case.name)
    def test_answer_equals_pooled_rows(self, gibleed, case):
        gibleed.ask(case)


class TestSynthea:
    def test_every_row_is_accounted_for(self, synthea):
        synthea.check_reports()
        assert synthea.rows("person", "accepted") == 1_130

    @pytest.mark.parametrize("case", COMMON + SYNTHEA, ids=lambda case: case.name)
    def test_answer_equals_pooled_rows(self, synthea, case):
        synthea.ask(case)
