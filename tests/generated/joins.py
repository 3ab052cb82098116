"""Joins of persons with persons, by an equality of keys of one kind."""

from conditions import condition
from draw import Draw
from meaning import Field, Meaning
from queries import Comma, Derived, Join, Table
from rows import Rows
from tree import Form, Node


def joined(d: Draw, left: Rows, right: Rows) -> Rows:
    shared = {f.meaning.domain for f in left.fields} & {f.meaning.domain for f in right.fields} - {None}
    visits = shared & {"visit_occurrence", "visit_detail"}
    domain = d.pick(sorted(visits)) if visits and d.chance(0.35) else "person"
    kind = d.weighted((("", 5), ("LEFT", 3), ("RIGHT", 1.2), ("FULL", 1.2), ("comma", 1.5)))
    on = [equality(d, left, right, domain)]
    if domain != "person":
        d.tag("join by visit")
        if d.chance(0.3):
            on.append(equality(d, left, right, "person"))
    d.tag({"": "inner join", "comma": "comma join"}.get(kind, f"{kind.lower()} join"))
    both = left.fields + right.fields
    order = None if left.order is None or right.order is None else left.order + right.order
    if kind == "comma":
        where = (*on, condition(d, list(both))) if d.chance(0.3) else tuple(on)
        return Rows(Comma((left.item, right.item)), both, where, order)
    fields = tuple(f.maybe_null() if kind in ("RIGHT", "FULL") else f for f in left.fields)
    fields += tuple(f.maybe_null() if kind in ("LEFT", "FULL") else f for f in right.fields)
    simple = kind in ("", "LEFT") and all(isinstance(side.item, (Table, Derived)) for side in (left, right))
    if simple and domain == "person" and d.chance(0.25) and named_once(left) and named_once(right):
        d.tag("join using")
        merged = Field("", "person_id", Meaning("key", "id", domain="person"))
        return Rows(Join(kind, left.item, right.item, using=("person_id",)), (*fields, merged), order=order)
    if d.chance(0.25):
        on.append(condition(d, list(both)))
        d.tag("condition beside the key")
    return Rows(Join(kind, left.item, right.item, tuple(on)), fields, order=order)


def named_once(r: Rows) -> bool:
    return any(f.name == "person_id" and f.meaning.domain == "person" and f.table for f in r.fields)


def equality(d: Draw, left: Rows, right: Rows, domain: str) -> Node:
    a, b = (d.pick([f for f in side.fields if f.meaning.domain == domain]) for side in (left, right))
    return Form("{} = {}", (a.node, b.node) if d.chance(0.5) else (b.node, a.node))
