"""What a mutation is: a rule of the language, turned round, with the codes of docs/errors.md that say so."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from catalogue import TABLES, ColumnDef
from draw import Draw
from queries import Comma, Item, Join, Select, Table
from tree import Column, Node


@dataclass(frozen=True)
class Rule:
    """Without codes any refusal of a statement will do, and an answer too. `change` gets a release point, at the `top` of the statement where that matters, or the `whole` tree; `since` is
    the part of the language without which there is nothing to break, `until` the one that takes the statement."""

    name: str
    codes: tuple[str, ...]
    change: Callable[[Draw, Node], Node | str | None]
    top: bool = False
    whole: bool = False
    since: str = ""
    until: str = ""

    def applies(self, features: Collection[str]) -> bool:
        return (not self.since or self.since in features) and self.until not in features


RULES: list[Rule] = []


def rule(name: str, *codes: str, **where):
    def register(change):
        RULES.append(Rule(name, codes, change, **where))
        return change

    return register


# What a release point offers.


def parts(item: Node) -> Iterator[Node]:
    """What stands in FROM, without what is inside subqueries."""
    match item:
        case Join():
            yield from parts(item.left)
            yield from parts(item.right)
        case Comma():
            for one in item.items:
                yield from parts(one)
        case _:
            yield item


def columns(point: Select) -> list[tuple[Column, ColumnDef]]:
    """Columns of the tables of persons that stand in FROM themselves."""
    found = []
    for item in parts(point.source):
        table = TABLES.get(item.name.removeprefix("cdm.")) if isinstance(item, Table) else None
        if table is not None and table.owner == "persons":
            found += [(Column(item.alias, column.name), column) for column in table.columns]
    return found


def some(d: Draw, point: Select, *roles: str, type: str | None = None) -> Node | None:
    fit = [node for node, column in columns(point) if column.role in roles and type in (None, column.type)]
    return d.pick(fit) if fit else None


def of_persons(node: Node) -> bool:
    names = [one.name.removeprefix("cdm.") for one in node.within() if isinstance(one, Table)]
    return any(name not in TABLES or TABLES[name].owner == "persons" for name in names)


def with_where(point: Select, condition: Node) -> Select:
    return replace(point, where=(*point.where, condition))


def with_item(d: Draw, point: Select, expression: Node) -> Select | None:
    return replace(point, items=(*point.items, Item(expression, d.column()))) if point.grouped else None


def with_key(d: Draw, point: Select, expression: Node) -> Select:
    if not point.grouped:
        return replace(point, items=(*point.items, Item(expression, d.column())))
    return replace(point, keys=(*point.keys, Item(expression, d.column())), style="expression")


def joins(node: Node) -> list[Join]:
    return [one for one in node.within() if isinstance(one, Join)]


def closed(item: Node) -> Node:
    """A comma as a cross join, which binds as tightly as what follows."""
    if not isinstance(item, Comma):
        return item
    first, *rest = item.items
    for one in rest:
        first = Join("CROSS", first, one)
    return first
