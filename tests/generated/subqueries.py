"""Subqueries about the same person: IN, EXISTS and correlated aggregates by a person or visit key."""

from dataclasses import replace

from amounts import of_kind
from conditions import COMPARISONS, condition
from draw import Draw
from meaning import COUNT, Field, Meaning, Shape
from queries import Item, Select, Table
from rows import Rows, table
from tree import Aggregate, Column, Exists, Form, Literal, Node, Scalar, Within

KEYS = ("person", "visit_occurrence")


def shared(d: Draw, r: Rows, inner: Rows, outer_null: bool = True, own_null: bool = True) -> tuple[Field, Field]:
    """Keys of one kind on both sides, and whether they may be NULL."""
    pairs = [
        (outer, own)
        for outer in r.fields
        for own in inner.fields
        if outer.meaning.domain in KEYS
        and outer.meaning.domain == own.meaning.domain
        and outer.table
        and (outer_null or not outer.meaning.nullable)
        and (own_null or not own.meaning.nullable)
    ]
    by_person = [pair for pair in pairs if pair[0].meaning.domain == "person"]
    return d.pick(by_person if by_person and d.chance(0.7) else pairs)


def narrowed(d: Draw, inner: Rows) -> tuple[Node, ...]:
    return (condition(d, list(inner.fields)),) if d.chance(0.6) else ()


def among(d: Draw, r: Rows) -> Node:
    """IN and NOT IN over keys; NOT IN where neither side is ever NULL."""
    inner = table(d)
    negated = d.chance(0.4)
    outer, own = shared(d, r, inner, not negated, not negated)
    d.tag("not in subquery" if negated else "in subquery")
    item = Item(own.node, d.column())
    return Within(outer.node, Select((), (item,), inner.item, narrowed(d, inner), distinct=d.chance(0.2)), negated)


def among_codes(d: Draw, fields: list[Field]) -> Node:
    """A code among those of the vocabulary or of constants."""
    codes = [f for f in of_kind(fields, "code", type="int") if f.meaning.pool]
    if not codes:
        return condition(d, fields)
    d.tag("codes of the vocabulary in a subquery")
    field, inner = d.pick(codes), d.alias()
    negated = not field.meaning.nullable and d.chance(0.3)
    upper = Form(
        "{} IN ({}, {})", (Column(inner, "ancestor_concept_id"), Literal(201820), Literal(d.pick(field.meaning.pool)))
    )
    table = Table("concept_ancestor", inner)
    return Within(
        field.node, Select((), (Item(Column(inner, "descendant_concept_id"), d.column()),), table, (upper,)), negated
    )


def existing(d: Draw, r: Rows) -> Node:
    inner = table(d)
    outer, own = shared(d, r, inner)
    negated = d.chance(0.4)
    d.tag("not exists" if negated else "exists")
    where = [Form("{} = {}", (own.node, outer.node)), *narrowed(d, inner), *related(d, r, inner)]
    return Exists(Select((), (Item(Literal(1), "one"),), inner.item, tuple(where)), negated)


def related(d: Draw, r: Rows, inner: Rows) -> list[Node]:
    """A further comparison between the subquery's row and the row outside."""
    own, outer = of_kind(inner.values, "date", type="date"), of_kind(r.values, "date", type="date")
    if not own or not outer or d.chance(0.6):
        return []
    d.tag("correlated by a date too")
    return [Form(f"{{}} {d.pick(('<', '<=', '>'))} {{}}", (d.pick(own).node, d.pick(outer).node))]


def correlated(d: Draw, r: Rows) -> Node:
    """A scalar aggregate of the person's own rows, compared."""
    node, m = own_aggregate(d, r)
    days = of_kind(r.values, "date", type="date")
    if m.type == "date":
        return (
            Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (d.pick(days).node, node))
            if days
            else Form("{} IS NOT NULL", (node,))
        )
    return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (node, Literal(d.pick((0, 1, 2)))))


def own_aggregate(d: Draw, r: Rows) -> tuple[Node, Meaning]:
    """A count of the person's own rows in another table, or the first or last day of them."""
    inner = table(d)
    outer, own = shared(d, r, inner, own_null=False)
    d.tag("correlated aggregate")
    where = (Form("{} = {}", (own.node, outer.node)), *narrowed(d, inner))
    days = of_kind(inner.values, "date", type="date")
    value, meaning = Aggregate("count", ()), replace(COUNT, shape=Shape.CHOICE, pool=(0, 1, 2))
    if days and d.chance(0.5):
        day = d.pick(days)
        value, meaning = Aggregate(d.pick(("min", "max")), (day.node,)), day.meaning.maybe_null()
    return Scalar(Select((), (Item(value, d.column()),), inner.item, where, grouped=True)), meaning


def alternative(d: Draw, r: Rows) -> Node:
    d.tag("exists inside or")
    return Form(d.pick(("({} OR {})", "(NOT {} OR {})")), (existing(d, r), condition(d, list(r.fields))))
