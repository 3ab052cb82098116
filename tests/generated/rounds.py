"""Subqueries that are asked in a round of their own before: rows of persons meet a released value or result."""

from amounts import of_kind
from conditions import COMPARISONS, condition
from draw import Draw
from meaning import Field
from queries import Derived, Item, Join, Select
from rows import Rows, table
from subqueries import narrowed
from tree import Aggregate, Arithmetic, Column, Form, Literal, Node, Scalar, Within

# Columns whose sums are exact in any order, so that their averages are the same bits on both sides.
EXACT = ("value_as_number", "range_low", "year_of_birth", "days_supply", "refills")


def compared(d: Draw, fields: list[Field]) -> Node:
    """A number of a person beside one of all persons."""
    numbers = [f for f in fields if f.meaning.kind in ("amount", "coarse") and f.meaning.numeric and f.meaning.exact]
    inner = table(d)
    own = [f for f in inner.values if f.name in EXACT]
    if not numbers:
        return condition(d, fields)
    d.tag("compared with a total")
    if own and d.chance(0.7):
        field = d.pick(own)
        value = Aggregate(d.pick(("avg", "avg", "sum")), (field.node,), float=not field.meaning.whole)
    else:
        value = Aggregate("count", ())
    query = Select((), (Item(value, d.column()),), inner.item, narrowed(d, inner), grouped=True)
    return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (d.pick(numbers).node, Scalar(query)))


def frequent(d: Draw, fields: list[Field]) -> Node:
    """A code among those that are frequent over all sites."""
    codes = [f for f in of_kind(fields, "code") if f.meaning.pool]
    inner = table(d)
    own = of_kind(inner.values, "code")
    pairs = [
        (f, g)
        for f in codes
        for g in own
        if f.meaning.type == g.meaning.type and set(f.meaning.pool) & set(g.meaning.pool)
    ]
    if not pairs:
        return condition(d, fields)
    never_null = [(f, g) for f, g in pairs if not f.meaning.nullable and not g.meaning.nullable]
    if never_null and d.chance(0.4):
        d.tag("codes not among a result")
        outer, code = d.pick(never_null)
        rare = Form("{} <> {}", (code.node, Literal(d.pick(outer.meaning.pool))))
        where = (rare, *narrowed(d, inner))
        query = Select((), (Item(code.node, d.column()),), inner.item, where, distinct=d.chance(0.5))
        return Within(outer.node, query, True)
    d.tag("frequent codes")
    outer, code = d.pick(pairs)
    least = (Form("count(*) > {}", (Literal(d.pick((1, 3, 10))),)),)
    query = Select((Item(code.node, d.column()),), (), inner.item, narrowed(d, inner), grouped=True, having=least)
    return Within(outer.node, query, False)


def beside_total(d: Draw, node: Node) -> Node:
    """HAVING beside a total of its own, which is known at the gateway."""
    d.tag("having beside a total")
    inner = table(d)
    total = Arithmetic(Aggregate("count", ()), "/", Literal(d.pick((2, 10, 30))), True)
    query = Select((), (Item(total, d.column()),), inner.item, grouped=True)
    return Form(f"{{}} {d.pick(('>', '>=', '<'))} {{}}", (node, Scalar(query)))


def beside_result(d: Draw, r: Rows) -> Rows:
    """Rows of persons joined with a released result by a code."""
    inner = table(d)
    codes = [f for f in of_kind(r.values, "code", type="int") if f.meaning.pool]
    pairs = [
        (f, g)
        for f in codes
        for g in of_kind(inner.values, "code", type="int")
        if set(f.meaning.pool) & set(g.meaning.pool)
    ]
    if not pairs:
        return r
    d.tag("rows joined with a result")
    (outer, code), alias = d.pick(pairs), d.alias()
    key, value = d.column(), d.column()
    numbers = [
        (f, g) for f in r.values for g in inner.values if f.name in EXACT and f.name == g.name and f.meaning.exact
    ]
    mean, compared = Aggregate("count", ()), ()
    if numbers and d.chance(0.6):
        mine, theirs = d.pick(numbers)
        mean = Aggregate("avg", (theirs.node,), float=not theirs.meaning.whole)
        compared = (Form(f"{{}} {d.pick(('<', '>', '<='))} {{}}", (mine.node, Column(alias, value))),)
    elif d.chance(0.5):
        compared = (Form("{} > {}", (Column(alias, value), Literal(d.pick((1, 3))))),)
    query = Select((Item(code.node, key),), (Item(mean, value),), inner.item, narrowed(d, inner), grouped=True)
    on = (Form("{} = {}", (outer.node, Column(alias, key))),)
    return Rows(Join(d.pick(("", "", "LEFT")), r.item, Derived(query, alias), on), r.fields, (*r.where, *compared))
