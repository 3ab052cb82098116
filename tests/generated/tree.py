"""A statement as a tree, and its expressions: what the generator makes, the mutations damage, the shrinker cuts down.

Nodes are frozen dataclasses; `node.text(dialect)` writes SQL. Columns are written with the alias of their FROM item, so
that a part can be moved or dropped without changing what the rest means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from dialect import Dialect


class Node:
    """Any part of a statement."""

    def text(self, d: Dialect) -> str:
        raise NotImplementedError

    def within(self) -> Iterator["Node"]:
        """This node and everything below it."""
        yield self
        for child in children(self):
            yield from child.within()


def children(node: Node) -> Iterator[Node]:
    for field in fields(node):
        yield from _nodes(getattr(node, field.name))


def _nodes(value) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def rebuilt(node: Node, change) -> Node:
    """The tree with `change` applied to every node, from below."""
    assert is_dataclass(node)
    values = {field.name: _changed(getattr(node, field.name), change) for field in fields(node)}
    return change(type(node)(**values))


def _changed(value, change):
    if isinstance(value, Node):
        return rebuilt(value, change)
    return tuple(_changed(part, change) for part in value) if isinstance(value, tuple) else value


# Expressions.


@dataclass(frozen=True)
class Literal(Node):
    value: object

    def text(self, d: Dialect) -> str:
        return d.literal(self.value)


@dataclass(frozen=True)
class Parameter(Node):
    """A value that travels beside the statement; the number tells equal ones apart."""

    value: object
    number: int

    def text(self, d: Dialect) -> str:
        return d.parameter(self.number, self.value)


@dataclass(frozen=True)
class Column(Node):
    table: str
    name: str

    def text(self, d: Dialect) -> str:
        return f"{self.table}.{self.name}" if self.table else self.name


@dataclass(frozen=True)
class Form(Node):
    """Parts put into a template of SQL, such as `{} IS NULL`."""

    template: str
    parts: tuple[Node, ...]

    def text(self, d: Dialect) -> str:
        return self.template.format(*(part.text(d) for part in self.parts))


@dataclass(frozen=True)
class Arithmetic(Node):
    """`whole` where both sides are integers."""

    left: Node
    sign: str
    right: Node
    whole: bool

    def text(self, d: Dialect) -> str:
        return d.arithmetic(self.left.text(d), self.sign, self.right.text(d), self.whole)


@dataclass(frozen=True)
class Call(Node):
    name: str
    arguments: tuple[Node, ...]
    whole: bool = False

    def text(self, d: Dialect) -> str:
        return d.call(self.name, [argument.text(d) for argument in self.arguments], self.whole)


@dataclass(frozen=True)
class Choice(Node):
    """CASE: pairs of condition and value."""

    whens: tuple[tuple[Node, Node], ...]
    otherwise: Node | None

    def text(self, d: Dialect) -> str:
        whens = "".join(f" WHEN {when.text(d)} THEN {then.text(d)}" for when, then in self.whens)
        otherwise = "" if self.otherwise is None else f" ELSE {self.otherwise.text(d)}"
        return f"CASE{whens}{otherwise} END"


@dataclass(frozen=True)
class Cast(Node):
    """`cut` where a float becomes an integer."""

    argument: Node
    type: str
    cut: bool = False

    def text(self, d: Dialect) -> str:
        return d.cast(self.argument.text(d), self.type, self.cut)


@dataclass(frozen=True)
class Aggregate(Node):
    """`float` where what is summed is not an integer."""

    name: str
    arguments: tuple[Node, ...]
    distinct: bool = False
    where: Node | None = None
    float: bool = False

    def text(self, d: Dialect) -> str:
        arguments = ", ".join(argument.text(d) for argument in self.arguments) or "*"
        distinct = "DISTINCT " if self.distinct else ""
        where = "" if self.where is None else f" FILTER (WHERE {self.where.text(d)})"
        return d.aggregated(self.name, f"{d.aggregate(self.name, self.float)}({distinct}{arguments}){where}")


@dataclass(frozen=True)
class Percentile(Node):
    """`form` is how the gateway is asked: `median`, `percentile_cont` or `approx_percentile_cont`."""

    argument: Node
    share: float
    form: str
    where: Node | None = None

    def text(self, d: Dialect) -> str:
        where = "" if self.where is None else f" FILTER (WHERE {self.where.text(d)})"
        return d.percentile(self.argument.text(d), self.share, self.form) + where


@dataclass(frozen=True)
class Order(Node):
    key: Node
    descending: bool = False

    def text(self, d: Dialect) -> str:
        return self.key.text(d) + (" DESC" if self.descending else "")


@dataclass(frozen=True)
class Over(Node):
    function: Node
    partition: tuple[Node, ...]
    order: tuple[Order, ...] = ()
    frame: str = ""

    def text(self, d: Dialect) -> str:
        parts = []
        if self.partition:
            parts.append("PARTITION BY " + ", ".join(key.text(d) for key in self.partition))
        if self.order:
            parts.append("ORDER BY " + ", ".join(key.text(d) for key in self.order))
        parts += [self.frame] if self.frame else []
        return f"{self.function.text(d)} OVER ({' '.join(parts)})"


@dataclass(frozen=True)
class Exists(Node):
    query: Node
    negated: bool

    def text(self, d: Dialect) -> str:
        return f"{'NOT ' if self.negated else ''}EXISTS ({self.query.text(d)})"


@dataclass(frozen=True)
class Within(Node):
    """IN or NOT IN of a subquery."""

    value: Node
    query: Node
    negated: bool

    def text(self, d: Dialect) -> str:
        return f"{self.value.text(d)} {'NOT ' if self.negated else ''}IN ({self.query.text(d)})"


@dataclass(frozen=True)
class Scalar(Node):
    """A subquery that yields one value."""

    query: Node

    def text(self, d: Dialect) -> str:
        return f"({self.query.text(d)})"
