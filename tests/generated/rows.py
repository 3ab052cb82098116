"""Rows of persons: what stands in FROM, what it offers, and the ways to put it there.

Every relation offers a person key, so that any two of them can be joined; `order` is a total order of the rows within
one person, where there is one, without which a window's answer would depend on chance.
"""

from dataclasses import dataclass, replace

from catalogue import TABLES
from draw import Draw
from meaning import SITE, Field, Meaning, of_column
from queries import Comma, Derived, Item, Select, Table
from tree import Column, Node, Order

WEIGHTS = (
    ("person", 3),
    ("visit_occurrence", 3),
    ("condition_occurrence", 3),
    ("drug_exposure", 3),
    ("measurement", 4),
    ("observation", 1.5),
    ("procedure_occurrence", 1.5),
    ("observation_period", 1),
    ("visit_detail", 1),
    ("death", 1.5),
    ("cohort", 0.7),
)
# Tables with one row per key within a person; visits and deaths repeat.
ONE_ROW_PER_ID = (
    "person",
    "condition_occurrence",
    "drug_exposure",
    "measurement",
    "observation",
    "procedure_occurrence",
    "observation_period",
)
# Codes of 64 bits, which the oracle takes for keys.
WIDE_CODES = ("cohort_definition_id",)


@dataclass(frozen=True)
class Rows:
    """What stands in FROM, what it offers, and conditions that have to stand in WHERE."""

    item: Node
    fields: tuple[Field, ...]
    where: tuple[Node, ...] = ()
    order: tuple[Node, ...] | None = None

    @property
    def persons(self) -> list[Field]:
        return [field for field in self.fields if field.meaning.person]

    @property
    def values(self) -> list[Field]:
        return [field for field in self.fields if field.meaning.kind != "key"]


def table(d: Draw, name: str | None = None) -> Rows:
    name = name or d.weighted(WEIGHTS)
    alias = d.alias()
    d.tables += 1
    columns = [column for column in TABLES[name].columns if column.visible and column.name not in WIDE_CODES]
    fields = [Field(alias, column.name, of_column(column)) for column in columns]
    order = None
    if name in ONE_ROW_PER_ID:
        order = () if name == "person" else (Column(alias, f"{name}_id"),)
    schema = "cdm." if d.chance(0.05) else ""
    return Rows(Table(schema + name, alias), (*fields, Field(alias, "site_id", SITE)), order=order)


def closed(d: Draw, r: Rows) -> Rows:
    """The same as one item of FROM: conditions go inside, and so does a comma."""
    if not r.where and not isinstance(r.item, Comma):
        return replace(r, fields=tuple(field for field in r.fields if field.table))
    return projected(d, r, [])


def narrowed(d: Draw, r: Rows, most: int = 7) -> list[Field]:
    """A person key and some other columns, each name once."""
    fields = [field for field in r.fields if field.table]
    person = d.pick([field for field in fields if field.meaning.person])
    keys = [f for f in fields if f.meaning.kind == "key" and f != person]
    values = [f for f in fields if f.meaning.kind != "key"]
    return [person, *d.some(keys, 0, 3), *d.some(values, 2, most)]


def projected(d: Draw, r: Rows, computed: list[tuple[Node, Meaning]], where: tuple[Node, ...] = ()) -> Rows:
    """A subquery of some columns and of what is computed."""
    kept = narrowed(d, r)
    alias = d.alias()
    columns = [(field.node, field.meaning, field.name) for field in kept]
    columns += [(node, meaning, d.column()) for node, meaning in computed]
    items, fields, order, used = [], [], None, set()
    for node, meaning, name in columns:
        name = d.column() if name in used else name
        used.add(name)
        items.append(Item(node, name))
        fields.append(Field(alias, name, meaning))
    if r.order is not None:
        by_node = {item.expression: Column(alias, item.name) for item in items}
        if all(node in by_node for node in r.order):
            order = tuple(by_node[node] for node in r.order)
    sorting = ()
    if d.chance(0.05):
        d.tag("order by inside")
        sorting = (Order(d.pick(kept).node, d.chance(0.5)),)
    query = Select((), tuple(items), r.item, r.where + where, order=sorting)
    return subquery(d, query, alias, tuple(fields), order)


def subquery(d: Draw, query: Node, alias: str, fields: tuple[Field, ...], order: tuple[Node, ...] | None) -> Rows:
    """A query in FROM, or under a name of WITH, which another part of the statement may use again."""
    made = Rows(Derived(query, alias), fields, order=order)
    if not d.chance(0.3):
        return made
    d.tag("with")
    name = f"w{d.number()}"
    d.named.append((name, query, made))
    return replace(made, item=Table(name, alias))


def again(d: Draw) -> Rows:
    """A name of WITH once more: both uses are copies of the same rows."""
    known = [(name, made) for name, _, made in d.named if isinstance(made, Rows)]
    if not known:
        return table(d)
    d.tag("with used again")
    d.tables += 2
    name, made = d.pick(known)
    alias = d.alias()
    move = lambda node: replace(node, table=alias)  # noqa: E731
    fields = tuple(replace(field, table=alias) for field in made.fields)
    order = None if made.order is None else tuple(map(move, made.order))
    return Rows(Table(name, alias), fields, order=order)
