"""What is computed per person, with a person key among the keys: it stays inside the hospital."""

from collections.abc import Callable
from dataclasses import replace

from amounts import dated, number, of_kind
from conditions import condition
from draw import Draw
from filters import filtering
from meaning import COUNT, FLAG, Field, Meaning, Shape
from queries import Item, Select
from rows import Rows, subquery
from tree import Aggregate, Form, Literal, Node

# Keys that are no event's.
SHARED = ("person", "care_site", "provider", "location")


def per_person(d: Draw, r: Rows) -> Rows:
    """An aggregate keyed by a person: one row per person, or per person and code."""
    if not r.persons:
        return r
    d.tag("per person")
    alias = d.alias()
    person = d.pick(r.persons)
    keys = [Item(person.node, "person_id")]
    fields = [Field(alias, "person_id", person.meaning)]
    if d.chance(0.3) and (codes := [f for f in of_kind(r.values, "code", "coarse") if f.meaning.type == "int"]):
        d.tag("per person and code")
        code = d.pick(codes)
        keys.append(Item(code.node, d.column()))
        fields.append(Field(alias, keys[-1].name, code.meaning))
    items = []
    for _ in range(d.pick((1, 1, 2, 3))):
        node, meaning = personal(d, r)
        items.append(Item(node, d.column()))
        fields.append(Field(alias, items[-1].name, meaning))
    where = (*r.where, filtering(d, r)) if d.chance(0.4) else r.where
    having = ()
    if d.chance(0.2):
        d.tag("having per person")
        having = (Form(f"count(*) {d.pick(('>', '>=', '='))} {{}}", (Literal(d.pick((1, 2))),)),)
    query = Select(tuple(keys), tuple(items), r.item, where, grouped=True, having=having, style=style(d))
    return subquery(d, query, alias, tuple(fields), tuple(f.node for f in fields[1 : len(keys)]))


def per_event(d: Draw, r: Rows) -> Rows:
    """An aggregate keyed by an event's own key, which tells the person too."""
    keys = [
        f for f in r.fields if f.meaning.kind == "key" and not f.meaning.nullable and f.meaning.domain not in SHARED
    ]
    if not keys:
        return per_person(d, r)
    d.tag("per event")
    key, alias = d.pick(keys), d.alias()
    made = [(*personal(d, r), d.column()) for _ in range(d.pick((1, 2)))]
    fields = (Field(alias, "event", key.meaning), *(Field(alias, name, meaning) for _, meaning, name in made))
    items = tuple(Item(node, name) for node, _, name in made)
    where = (*r.where, filtering(d, r)) if d.chance(0.3) else r.where
    query = Select((Item(key.node, "event"),), items, r.item, where, grouped=True, style=style(d))
    return subquery(d, query, alias, fields, (fields[0].node,))


def style(d: Draw) -> str:
    return d.pick(("expression", "expression", "position"))


def personal(d: Draw, r: Rows) -> tuple[Node, Meaning]:
    """An aggregate of one person's rows."""
    where = condition(d, list(r.fields)) if d.chance(0.15) else None
    gap = Shape.PLAIN if where is None else Shape.GAP
    days, coarse = dated(r.values), of_kind(r.values, "coarse", "amount", "derived")
    coarse = [f for f in coarse if f.meaning.numeric]
    options: list[tuple[Callable, float]] = [(lambda: counted(d, r, where), 4)]
    if days:
        options.append((lambda: extreme(d, d.pick(days), where, gap), 3))
    if coarse:
        options.append((lambda: extreme(d, d.pick(coarse), where, gap), 2))
        options.append((lambda: summed(d, r, where, gap), 3))
    options.append(
        (
            lambda: (
                Aggregate(d.pick(("bool_or", "bool_and")), (condition(d, list(r.fields)),), where=where),
                replace(FLAG, nullable=True),
            ),
            1,
        )
    )
    return d.weighted(options)()


def counted(d: Draw, r: Rows, where: Node | None) -> tuple[Node, Meaning]:
    shape = Shape.PLAIN if where is None else Shape.CHOICE
    if d.chance(0.5):
        return Aggregate("count", (), where=where), replace(COUNT, pool=(0, 1, 2, 3), shape=shape)
    field = d.pick(r.fields)
    shape = Shape.CHOICE if where is not None or field.meaning.shape > Shape.PLAIN else Shape.PLAIN
    return Aggregate("count", (field.node,), where=where), replace(COUNT, pool=(0, 1, 2), shape=shape)


def extreme(d: Draw, field: Field, where: Node | None, gap: Shape) -> tuple[Node, Meaning]:
    d.tag("extreme per person")
    return Aggregate(d.pick(("min", "max")), (field.node,), where=where), replace(
        field.meaning, nullable=True
    ).at_least(gap)


def summed(d: Draw, r: Rows, where: Node | None, gap: Shape) -> tuple[Node, Meaning]:
    made = number(d, r.values, 1, condition)
    if made is None:
        return counted(d, r, where)
    d.tag("sum per person")
    node, m = made
    name = d.pick(("sum", "sum", "avg", "avg", "stddev_pop", "var_samp"))
    whole = m.whole and name == "sum"
    kind = m.kind if m.kind == "amount" else "derived"
    meaning = Meaning(kind, "int" if whole else "float", max(m.shape, gap), nullable=True, exact=whole, scaled=m.scaled)
    return Aggregate(name, (node,), where=where, float=not m.whole), meaning


def distinct(d: Draw, r: Rows) -> Rows:
    """SELECT DISTINCT of a person key, perhaps with a code."""
    if not r.persons:
        return r
    d.tag("distinct persons")
    alias, person = d.alias(), d.pick(r.persons)
    kept = [(person, "person_id"), *((f, d.column()) for f in d.some(of_kind(r.values, "code"), 0, 1))]
    fields = tuple(Field(alias, name, field.meaning) for field, name in kept)
    where = (*r.where, filtering(d, r)) if d.chance(0.6) else r.where
    query = Select((), tuple(Item(field.node, name) for field, name in kept), r.item, where, distinct=True)
    return subquery(d, query, alias, fields, tuple(f.node for f in fields[1:]))
