"""The consortium over the adversarial records, and an oracle for every project.

A statement is asked in one of several projects that differ in their sites only, so that answers of a single person, of
nobody and of all are merged, and not every statement has to wait for every node.
"""

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import records
from catalogue import ROOT

sys.path.append(str(ROOT / "tests" / "clients"))

from consortium import Consortium, Project, tail  # noqa: E402
from oracle import Oracle, differences, normal  # noqa: E402, F401
from pooled import Case  # noqa: E402, F401

# Sites of a project, and how often it is asked.
PROJECTS = {
    "open": (records.SITES, 1),
    "two": (("east", "west"), 5),
    "one-more": (("east", "lone"), 2),
    "bare-more": (("bare", "west"), 1),
    "few": (("lone", "bare"), 0.5),
}
# Where cells of fewer than so many persons are held: sites, persons, and how often it is asked.
HELD = {"held-one": (("east", "west"), 2, 2), "held-two": (("east", "west"), 3, 2), "held-all": (records.SITES, 3, 1)}
SITES = {id: sites for id, (sites, *_) in (PROJECTS | HELD).items()}
THREADS = max(2, os.cpu_count() or 2)


@dataclass
class Hospitals:
    """Everything that a run asks: a consortium and the pooled rows of each project."""

    dir: Path
    bin: Path
    consortium: Consortium | None = None
    oracles: dict[str, Oracle] = field(default_factory=dict)
    connections: list = field(default_factory=list)
    local: threading.local = field(default_factory=threading.local)

    def start(self) -> "Hospitals":
        every = [(id, sites, 1) for id, (sites, _) in PROJECTS.items()]
        every += [(id, sites, least) for id, (sites, least, _) in HELD.items()]
        projects = tuple(Project(id, ("taro",), minimum_persons=least, sites=sites) for id, sites, least in every)
        self.consortium = Consortium(self.dir, self.bin, records.SITES, ("taro",), projects, token_person="taro")
        self.consortium.prepare()
        for site, folders in records.write(self.dir / "sources").items():
            report = self.consortium.ingest(site, *folders)
            rejected = {
                table["table"]: table["rejected"] for table in report["tables"] if any(table["rejected"].values())
            }
            assert not rejected, f"{site}: {rejected}"
        for id, sites, _ in every:
            self.oracles[id] = pooled({site: self.consortium.snapshots[site] for site in sites})
        self.consortium.start()
        return self

    def stop(self) -> None:
        for connection in self.connections:
            connection.close()
        if self.consortium is not None:
            self.consortium.stop()

    def connection(self, project: str, bounds: bool = False):
        """This thread's connection of the stock driver for a project; an answer without one of its sites is none."""
        headers = {"renkei-min-sites": str(len(SITES[project]))} | ({"renkei-bounds": "on"} if bounds else {})

        def connect():
            self.connections.append(self.consortium.connect(project, headers=headers))
            return self.connections[-1]

        return self._mine("bounded" if bounds else "connections", project, connect)

    def pooled(self, project: str, sql: str, values: Sequence) -> tuple[list[str], list[tuple]]:
        cursor = self._mine("cursors", project, lambda: utc(self.oracles[project].db.cursor()))
        answer = cursor.execute(sql, list(values))
        return [column[0] for column in answer.description], answer.fetchall()

    def trouble(self, project: str) -> str:
        """What the programs last complained of; another thread's statement may have been the cause."""
        found = []
        for name in ("gateway", *(f"node-{site}" for site in SITES[project])):
            lines = tail(self.dir / "logs" / f"{name}.log", 200).splitlines()
            found += [line for line in lines if " ERROR " in line or "panicked" in line][-1:]
        return max(found, default="").partition("error=")[2].strip('"').partition("\\nThis issue was likely")[0]

    def _mine(self, what: str, project: str, make):
        known = self.local.__dict__.setdefault(what, {})
        if project not in known:
            known[project] = make()
        return known[project]


def pooled(snapshots: dict[str, Path]) -> Oracle:
    """The oracle over some sites, on one thread, with the tables under the schema `cdm` as well."""
    oracle = Oracle(snapshots)
    oracle.db.execute("SET threads = 1")
    oracle.db.execute("CREATE SCHEMA cdm")
    for (table,) in oracle.db.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        oracle.db.execute(f'CREATE VIEW cdm."{table}" AS FROM main."{table}"')
    return oracle


def utc(cursor):
    cursor.execute("SET TimeZone = 'UTC'")
    return cursor


def binaries() -> Path:
    """The folder of the programs, as `tests/run` says it."""
    folder = os.environ.get("RENKEI_BIN_DIR")
    if folder is None:
        sys.exit("RENKEI_BIN_DIR is not set: name the folder of renkei, renkei-node and renkei-gateway")
    return Path(folder)
