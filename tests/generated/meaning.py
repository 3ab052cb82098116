"""What a column means, by the rules of docs/sql.md: its kind, and how conditions took part in it.

This is the documentation's side of what `crates/plan` decides by itself: the generator takes only what is promised
here, so a refused statement is a promise that is not kept.
"""

from dataclasses import dataclass, replace
from enum import IntEnum

from catalogue import ColumnDef
from records import pool
from tree import Column


class Shape(IntEnum):
    """Not at all; by NULL where a condition does not hold; by 0 or NULL; in any other way."""

    PLAIN = 0
    GAP = 1
    CHOICE = 2
    MIXED = 3


@dataclass(frozen=True)
class Meaning:
    """`exact` where both sides have the same bits, so that comparing and grouping cannot differ by rounding;
    `pool` are values that it may have; `scaled` where the statement chose its unit or origin."""

    kind: str
    type: str
    shape: Shape = Shape.PLAIN
    domain: str | None = None
    nullable: bool = False
    exact: bool = True
    pool: tuple = ()
    scaled: bool = False

    @property
    def bent(self) -> "Meaning":
        """What a function that bends at a place of its own makes of it: at a chosen place it is a condition."""
        return self.at_least(Shape.MIXED) if self.scaled else self

    def at_least(self, shape: Shape) -> "Meaning":
        return replace(self, shape=max(self.shape, shape))

    def maybe_null(self) -> "Meaning":
        """The same on the empty side of an outer join."""
        return replace(self, nullable=True).at_least(Shape.GAP)

    @property
    def numeric(self) -> bool:
        return self.type in ("int", "float")

    @property
    def whole(self) -> bool:
        return self.type == "int"

    @property
    def summable(self) -> bool:
        return self.kind in ("constant", "coarse", "derived", "amount") and self.numeric and self.shape < Shape.MIXED

    @property
    def groupable(self) -> bool:
        return self.kind in ("site", "code", "text", "constant", "coarse", "derived") and self.exact

    @property
    def person(self) -> bool:
        """A person key that is never NULL."""
        return self.domain == "person" and not self.nullable


FLAG = Meaning("constant", "bool", Shape.CHOICE)
LABEL = Meaning("constant", "text", Shape.MIXED)
SITE = Meaning("site", "text", pool=("east", "lone", "bare", "west"))
COUNT = Meaning("derived", "int")


def of_column(column: ColumnDef) -> Meaning:
    if column.role == "key":
        return Meaning("key", "id", domain=column.domain, nullable=not column.required)
    kind = {"coarse": "coarse" if not column.concept and column.type == "int" else "code", "reference": "text"}
    return Meaning(kind.get(column.role, column.role), column.type, nullable=not column.required, pool=pool(column))


def times(a: Meaning, b: Meaning) -> Meaning:
    return joined(a, b, max(a.shape, b.shape))


def either(a: Meaning, b: Meaning) -> Meaning:
    """A column that holds one or the other, as UNION makes it."""
    constant = "constant" in (a.kind, b.kind)
    made = joined(a, b, Shape.MIXED if constant else max(a.shape, b.shape))
    return replace(made, type=a.type, exact=a.exact and b.exact, pool=a.pool + b.pool)


def joined(a: Meaning, b: Meaning, shape: Shape) -> Meaning:
    """The meaning of a number that is made of both; arithmetic on floats is not exact."""
    type = "int" if a.whole and b.whole else "float"
    return Meaning(kind(a.kind, b.kind), type, shape, nullable=True, exact=type == "int", scaled=a.scaled or b.scaled)


def kind(a: str, b: str) -> str:
    for strongest in ("date", "amount"):
        if strongest in (a, b):
            return strongest
    if "constant" in (a, b):
        return b if a == "constant" else a
    return a if a == b else "derived"


@dataclass(frozen=True)
class Field:
    """A column that a relation offers."""

    table: str
    name: str
    meaning: Meaning

    @property
    def node(self) -> Column:
        return Column(self.table, self.name)

    def maybe_null(self) -> "Field":
        return replace(self, meaning=self.meaning.maybe_null())
