"""What stands in FROM, and queries, as parts of the tree."""

from dataclasses import dataclass

from dialect import Dialect
from tree import Node, Order


@dataclass(frozen=True)
class Table(Node):
    name: str
    alias: str

    def text(self, d: Dialect) -> str:
        return f"{self.name} {self.alias}"


@dataclass(frozen=True)
class Derived(Node):
    query: Node
    alias: str

    def text(self, d: Dialect) -> str:
        return f"({self.query.text(d)}) {self.alias}"


@dataclass(frozen=True)
class Values(Node):
    rows: tuple[tuple[Node, ...], ...]
    alias: str
    names: tuple[str, ...]

    def text(self, d: Dialect) -> str:
        rows = ", ".join("(" + ", ".join(value.text(d) for value in row) + ")" for row in self.rows)
        return f"(VALUES {rows}) AS {self.alias}({', '.join(self.names)})"


@dataclass(frozen=True)
class Join(Node):
    """`kind` is the word before JOIN; `using` names columns, or else `on` has conditions, all of which hold."""

    kind: str
    left: Node
    right: Node
    on: tuple[Node, ...] = ()
    using: tuple[str, ...] = ()

    def text(self, d: Dialect) -> str:
        kind = f"{self.kind} " if self.kind else ""
        # In the order of the text, which is that of the parameters.
        left, right = self.left.text(d), self.right.text(d)
        how = f"USING ({', '.join(self.using)})" if self.using else f"ON {conjunction(self.on, d)}"
        how = "" if self.kind == "CROSS" else f" {how}"
        return f"{left} {kind}JOIN {f'({right})' if isinstance(self.right, Join) else right}{how}"


@dataclass(frozen=True)
class Comma(Node):
    items: tuple[Node, ...]

    def text(self, d: Dialect) -> str:
        return ", ".join(item.text(d) for item in self.items)


# Queries.


@dataclass(frozen=True)
class Item(Node):
    """A column of a SELECT; a hidden one is a group key that is not shown."""

    expression: Node
    name: str
    hidden: bool = False

    def text(self, d: Dialect) -> str:
        return f"{self.expression.text(d)} AS {self.name}"


@dataclass(frozen=True)
class Select(Node):
    """Group keys come first among the columns; `style` is how GROUP BY names them, `sets` what stands around them.

    `point` marks a release point, for the mutations.
    """

    keys: tuple[Item, ...]
    items: tuple[Item, ...]
    source: Node | None
    where: tuple[Node, ...] = ()
    grouped: bool = False
    having: tuple[Node, ...] = ()
    distinct: bool = False
    style: str = "expression"
    sets: str = "{all}"
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    point: bool = False

    def text(self, d: Dialect) -> str:
        shown = [item for item in (*self.keys, *self.items) if not item.hidden]
        parts = ["SELECT DISTINCT" if self.distinct else "SELECT", ", ".join(item.text(d) for item in shown) or "*"]
        if self.source is not None:
            parts.append("FROM " + self.source.text(d))
        if self.where:
            parts.append("WHERE " + conjunction(self.where, d))
        if self.grouped and self.keys:
            parts.append("GROUP BY " + self.grouping(d))
        if self.having:
            parts.append("HAVING " + conjunction(self.having, d))
        return " ".join(parts) + tail(self, d)

    def grouping(self, d: Dialect) -> str:
        names = []
        for index, key in enumerate(self.keys):
            styles = {"position": str(index + 1), "alias": key.name, "expression": key.expression.text(d)}
            names.append(styles["expression" if any(key.hidden for key in self.keys) else self.style])
        return self.sets.format(all=", ".join(names), first=names[0], last=names[-1])

    @property
    def names(self) -> list[str]:
        return [item.name for item in (*self.keys, *self.items) if not item.hidden]


@dataclass(frozen=True)
class SetOperation(Node):
    """Parts with one word between them, such as UNION ALL."""

    word: str
    parts: tuple[Node, ...]
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None

    def text(self, d: Dialect) -> str:
        return f" {self.word} ".join(part.text(d) for part in self.parts) + tail(self, d)

    @property
    def names(self) -> list[str]:
        return self.parts[0].names


@dataclass(frozen=True)
class With(Node):
    """Named queries before a body."""

    queries: tuple[tuple[str, Node], ...]
    body: Node

    def text(self, d: Dialect) -> str:
        named = ", ".join(f"{name} AS ({query.text(d)})" for name, query in self.queries)
        return f"WITH {named} {self.body.text(d)}" if self.queries else self.body.text(d)


def conjunction(conditions: tuple[Node, ...], d: Dialect) -> str:
    return " AND ".join(condition.text(d) for condition in conditions) or "true"


def tail(query: Select | SetOperation, d: Dialect) -> str:
    order = " ORDER BY " + ", ".join(key.text(d) for key in query.order) if query.order else ""
    limit = "" if query.limit is None else f" LIMIT {query.limit}"
    offset = "" if query.offset is None else f" OFFSET {query.offset}"
    return order + limit + offset
