"""One statement at the gateway and on the pooled rows."""

import re
from dataclasses import dataclass, replace

import adbc_driver_manager
import duckdb
import pyarrow

from catalogue import ROOT
from hospitals import Hospitals, differences
from mutations import Mutant
from statements import Statement
from vocabulary import UNKNOWN_CONCEPT

CODES = tuple(re.findall(r"^## (E-[A-Z-]+)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
CODE = re.compile(r"\b(E-[A-Z]+(?:-[A-Z]+)*): ")
# Codes that say that the statement is at fault, not somebody's permission nor a site.
OF_STATEMENTS = (*CODES[: CODES.index("E-IDENTITY")], "E-OVERFLOW")
ADDED = ["renkei_sites", "renkei_held"]
# Of so many statements one is prepared, beside those with parameters.
PREPARED = 10
# Of so many statements one is asked with bounds.
BOUNDED = 12
LARGEST = 2**63 - 1
# Codes that a whole consortium never answers a statement of the language with.
NOT_THE_STATEMENT = ("E-UNAVAILABLE", "E-MIN-SITES")


@dataclass(frozen=True)
class Outcome:
    """How it went, and what the programs' logs said where it went wrong inside.

    `kind`: `same`; `different` and `wrong` are faults of the product; `refused` has a code, and is one as well where
    the statement is of the language; `oracle` is a statement that the oracle does not take, a fault of the generator.
    """

    kind: str
    text: str = ""
    code: str = ""
    live: bool = False
    log: str = ""

    @property
    def good(self) -> bool:
        return self.kind == "same"

    def like(self, other: "Outcome") -> bool:
        """Whether both are the same failure, so that a smaller statement shows what the larger one did."""
        mine, its = ((one.kind, one.code, head(one.text), head(one.log)) for one in (self, other))
        return mine == its


def head(text: str) -> str:
    """What stays of a message when the statement shrinks: not its names, numbers and values."""
    first = text.split("\n")[0]
    return re.sub(r"`[^`]*`|'[^']*'|\d+|\"[^\"]*\"", "…", first)[:80]


def ask(
    hospitals: Hospitals, project: str, sql: str, values: list, prepared: bool = True, bounds: bool = False
) -> tuple[list[str], list[tuple]]:
    """Names and rows of the gateway's answer, by a prepared statement or, which saves a round, directly."""
    connection = hospitals.connection(project, bounds)
    if prepared or values:
        with connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            table = cursor.fetch_arrow_table()
    else:
        with adbc_driver_manager.AdbcStatement(connection.adbc_connection) as statement:
            statement.set_sql_query(sql)
            stream, _ = statement.execute_query()
            table = read(stream)
    return table.column_names, [tuple(row) for row in zip(*(column.to_pylist() for column in table.columns))]


def read(stream) -> pyarrow.Table:
    """Everything that comes; what goes wrong on the way is an error of the driver, as it is with a cursor."""
    try:
        return pyarrow.RecordBatchReader._import_from_c(stream.address).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise adbc_driver_manager.OperationalError(
            str(error), status_code=adbc_driver_manager.AdbcStatusCode.IO
        ) from None


def check(hospitals: Hospitals, project: str, statement: Statement) -> Outcome:
    try:
        names, expected = hospitals.pooled(project, *(statement.counting_sites() or statement.pooled()))
    except duckdb.Error as error:
        return Outcome("oracle", str(error))
    too_large = any(isinstance(value, int) and abs(value) > LARGEST for row in expected for value in row)
    try:
        prepared, bounds = statement.seed % PREPARED == 0, statement.seed % BOUNDED == 1
        found_names, found = ask(hospitals, project, *statement.sql(), prepared=prepared, bounds=bounds)
    except adbc_driver_manager.Error as error:
        outcome = refusal(error)
        if too_large and outcome.code == "E-OVERFLOW":
            return Outcome("same", live=True)
        if outcome.code == "E-NOT-MAPPED" and names_unknown(statement):
            return Outcome("same")
        return replace(outcome, log=hospitals.trouble(project)) if outcome.code in NOT_THE_STATEMENT else outcome
    except (ValueError, OverflowError) as error:
        return Outcome("wrong", f"the answer cannot be read: {error}")
    if bounds:
        if why := bounded(found_names, found):
            return Outcome("wrong", why)
        found_names, found = unbounded(found_names, found)
    if too_large:
        return Outcome("different", f"a total beyond 64 bits was answered\n{found[:5]}\n{expected[:5]} expected")
    return compared(names, expected, found_names, found, statement)


def names_unknown(statement: Statement) -> bool:
    """Whether it names the code that no vocabulary has, of which a site that looks it up knows nothing."""
    sql, values = statement.sql()
    return str(UNKNOWN_CONCEPT) in sql or UNKNOWN_CONCEPT in values


def ends(names: list[str]) -> dict[str, tuple[int, int]]:
    """Values with bounds, and where these stand."""
    at = {name: i for i, name in enumerate(names)}
    return {name: (at[f"{name}_low"], at[f"{name}_high"]) for name in names if f"{name}_low" in at}


def bounded(names: list[str], rows: list[tuple]) -> str | None:
    """What is wrong with the bounds: where nothing is held, both are the value."""
    for name, (low, high) in ends(names).items():
        value = names.index(name)
        if wrong := [row for row in rows if not row[low] == row[value] == row[high]]:
            return f"`{name}` does not lie between its bounds: {wrong[0]}"
    return None


def unbounded(names: list[str], rows: list[tuple]) -> tuple[list[str], list[tuple]]:
    """The same without bounds."""
    left_out = {at for both in ends(names).values() for at in both}
    kept = [i for i in range(len(names)) if i not in left_out]
    return [names[i] for i in kept], [tuple(row[i] for i in kept) for row in rows]


def compared(
    names: list[str], expected: list[tuple], found_names: list[str], found: list[tuple], statement: Statement
) -> Outcome:
    """Columns, rows, and whose they are: nothing is held at a minimum of one person."""
    asked = [name for name in names if name not in ADDED]
    if found_names != asked + ADDED:
        return Outcome("wrong", f"columns {found_names}, {asked + ADDED} expected")
    why = differences([row[: len(names)] for row in found], expected, statement.ordered)
    if why:
        return Outcome("different", "answers differ\n" + why)
    for *_, sites, held in found:
        if held not in (0, None) or sites is not None and sites < 0:
            return Outcome("wrong", f"renkei_sites {sites}, renkei_held {held} at a minimum of one person")
    return Outcome("same", live=any(value not in (0, None, False) for row in expected for value in row[: len(asked)]))


def refused(hospitals: Hospitals, project: str, mutant: Mutant) -> Outcome:
    """A mutation is `same` where it is refused as it should be; one without codes may be answered, or not be SQL."""
    try:
        ask(hospitals, project, mutant.sql, list(mutant.values), prepared=mutant.seed % PREPARED == 0)
    except adbc_driver_manager.Error as error:
        outcome = refusal(error)
        codes, hinted = mutant.codes or OF_STATEMENTS, "hint: " in outcome.text or not mutant.codes
        right = outcome.kind == "refused" and outcome.code in codes and hinted
        return replace(outcome, kind="same" if right else outcome.kind)
    return Outcome("answered" if mutant.codes else "same", "the statement was answered")


def refusal(error: adbc_driver_manager.Error) -> Outcome:
    code = CODE.search(str(error))
    if code is None or code.group(1) not in CODES:
        return Outcome("wrong", str(error), code.group(1) if code else "")
    return Outcome("refused", str(error)[code.end() :], code.group(1))
