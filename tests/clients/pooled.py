"""A federated answer beside the pooled one."""

from collections.abc import Sequence
from dataclasses import dataclass

from oracle import Oracle, differences


@dataclass(frozen=True)
class Case:
    """A statement; `spread` where not every site contributes to every row, `oracle` where the dialects differ."""

    name: str
    sql: str
    parameters: Sequence = ()
    ordered: bool = False
    sites: int = 3
    spread: bool = False
    oracle: str | None = None


def check(connection, oracle: Oracle, case: Case) -> int:
    """At a minimum of one person both answers are the same, and nothing is held. Returns the number of rows."""
    names, expected = oracle.ask(case.oracle or case.sql, case.parameters)
    with connection.cursor() as cursor:
        cursor.execute(case.sql, case.parameters or None)
        found = cursor.fetch_arrow_table()
    added = ["renkei_sites", "renkei_held"] if case.sites else []
    assert found.column_names == names + added
    rows = [tuple(row.values()) for row in found.to_pylist()]
    assert not (why := differences([row[: len(names)] for row in rows], expected, case.ordered)), why
    for *_, sites, held in rows if added else []:
        assert held == 0, "at a minimum of one person nothing can be held"
        assert 1 <= sites <= case.sites if case.spread else sites == case.sites
    return len(rows)
