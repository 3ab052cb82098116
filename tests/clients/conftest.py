"""Fixtures: one consortium of three simulated hospitals for the whole session, and the oracle over its snapshots."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consortium import TOKEN, Consortium, Project, tail
from oracle import Oracle

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = 600

# Site: kind of hospital, shape of its files, whether its tables have flaws.
HOSPITALS = {
    "nagano": ("regional", "parquet-v54", True),
    "osaka": ("national-centre", "tsv-v53", False),
    "tokyo": ("university", "csv-v54", True),
}
PROJECTS = (
    Project("open", ("taro", "jiro"), minimum_persons=1),
    Project("guarded", ("taro",)),
    Project("strict-nodes", ("taro",), minimum_persons=1, node_minimum=10),
    Project("lax-nodes", ("taro",), minimum_persons=10, node_minimum=5),
    Project("two-tables", ("taro",), minimum_persons=1, tables=("person", "death")),
    Project("two-sites", ("taro",), minimum_persons=1, sites=("nagano", "osaka")),
    Project("solo", ("hanako",)),
)

_running: list[Consortium] = []


@pytest.fixture(scope="session")
def bin_dir() -> Path:
    """The folder of the programs; `tests/run` builds them and says where they are."""
    folder = os.environ.get("RENKEI_BIN_DIR")
    if folder is None:
        pytest.exit("RENKEI_BIN_DIR is not set; start these tests with tests/run --clients", 2)
    missing = [name for name in ("renkei", "renkei-node", "renkei-gateway", "sim-hospital") if not (Path(folder) / name).exists()]
    if missing:
        pytest.exit(f"RENKEI_BIN_DIR has no {', '.join(missing)}", 2)
    return Path(folder)


def running(consortium: Consortium):
    """Yields a started consortium and stops it, whatever happens."""
    _running.append(consortium)
    try:
        consortium.start()
        yield consortium
    finally:
        _running.remove(consortium)
        consortium.stop()


@pytest.fixture(scope="session")
def consortium(bin_dir, tmp_path_factory):
    consortium = Consortium(
        tmp_path_factory.mktemp("consortium"), bin_dir, tuple(HOSPITALS), ("taro", "hanako", "nobody"), PROJECTS,
        token_person="jiro", silent=("osaka",),
    )
    consortium.prepare()

    def make(site: str) -> None:
        profile, form, dirt = HOSPITALS[site]
        source = consortium.dir / "sources" / site
        consortium.run(
            "sim-hospital", "--site", site, "--seed", 7, "--patients", PATIENTS, "--profile", profile,
            "--format", form, "--out", source, *(["--dirt"] if dirt else []),
        )
        consortium.ingest(site, source)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, HOSPITALS))
    yield from running(consortium)


@pytest.fixture(scope="session")
def oracle(consortium) -> Oracle:
    return Oracle(consortium.snapshots)


@pytest.fixture(scope="session")
def connection(consortium):
    """A connection of the stock driver: mutual TLS, project `open`."""
    with consortium.connect() as connection:
        yield connection


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the ends of the programs' logs."""
    report = yield
    if report.failed:
        for consortium in _running:
            for program in consortium.programs.values():
                report.sections.append((f"log of {program.name}", tail(program.log)))
    return report
