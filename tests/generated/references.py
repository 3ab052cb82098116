"""Joins of persons with what has no person: the vocabulary, VALUES, a site's own tables."""

from amounts import of_kind
from catalogue import TABLES
from conditions import condition
from draw import Draw
from meaning import Field, Meaning, Shape, of_column
from queries import Derived, Item, Join, Select, Table, Values
from rows import Rows
from tree import Column, Form, Literal, Node


def referred(d: Draw, r: Rows) -> Rows:
    """A join with the vocabulary or with VALUES, by equalities of codes."""
    codes = of_kind(r.values, "code", type="int")
    if not codes:
        return r
    code = d.pick(codes)
    other, key, fields = d.weighted(((vocabulary, 3), (ancestry, 3), (constants, 2)))(d, code)
    outer = d.chance(0.3)
    d.tag("reference kept out" if outer else "reference join")
    equal = Form("{} = {}", (code.node, key.node) if d.chance(0.5) else (key.node, code.node))
    on = [equal] if d.chance(0.8) else [equal, condition(d, [f for f in fields if f != key] or fields)]
    join = (
        Join("RIGHT", other, r.item, tuple(on))
        if outer and d.chance(0.3)
        else Join("LEFT" if outer else "", r.item, other, tuple(on))
    )
    fields = [f.maybe_null() for f in fields] if outer else fields
    return Rows(join, r.fields + tuple(fields), r.where, None)


def vocabulary(d: Draw, code: Field) -> tuple[Node, Field, list[Field]]:
    d.tag("concept")
    alias = d.alias()
    key = Field(alias, "concept_id", Meaning("code", "int", pool=code.meaning.pool))
    texts = [
        Field(alias, name, Meaning("text", "text", nullable=name == "standard_concept", pool=pool))
        for name, pool in (
            ("concept_name", ("concept 3", "concept 5", "No matching concept")),
            ("domain_id", ("Drug", "Condition")),
            ("vocabulary_id", ("SNOMED",)),
            ("standard_concept", ("S",)),
        )
    ]
    if d.chance(0.25):
        d.tag("subquery of vocabulary")
        inner = d.alias()
        where = (Form("{} = {}", (Column(inner, "domain_id"), Literal(d.pick(("Drug", "Condition", "Measurement"))))),)
        items = tuple(Item(Column(inner, f.name), f.name) for f in (key, *texts))
        return Derived(Select((), items, Table("concept", inner), where), alias), key, [key, *texts]
    return Table("concept", alias), key, [key, *texts]


def ancestry(d: Draw, code: Field) -> tuple[Node, Field, list[Field]]:
    d.tag("concept_ancestor")
    alias = d.alias()
    upper = Field(alias, "ancestor_concept_id", Meaning("code", "int", pool=(201820, 316139, *code.meaning.pool)))
    lower = Field(alias, "descendant_concept_id", Meaning("code", "int", pool=code.meaning.pool))
    levels = Field(alias, "min_levels_of_separation", Meaning("amount", "int", pool=(0, 1, 2)))
    key = lower if d.chance(0.7) else upper
    if d.chance(0.25):
        d.tag("vocabulary joined with itself")
        name = Field(d.alias(), "concept_name", Meaning("text", "text", pool=("concept 3", "concept 5")))
        on = (Form("{} = {}", (upper.node, Column(name.table, "concept_id"))),)
        return (
            Join("", Table("concept_ancestor", alias), Table("concept", name.table), on),
            key,
            [upper, lower, levels, name],
        )
    return Table("concept_ancestor", alias), key, [upper, lower, levels]


def constants(d: Draw, code: Field) -> tuple[Node, Field, list[Field]]:
    d.tag("values")
    alias = d.alias()
    codes = d.some(code.meaning.pool, 1, 3) + ([d.pick(code.meaning.pool)] if d.chance(0.2) else [])
    labelled = tuple((Literal(value), Literal(d.pick(("a", "b")))) for value in codes)
    key = Field(alias, "code", Meaning("constant", "int", Shape.MIXED, pool=code.meaning.pool))
    label = Field(alias, "label", Meaning("constant", "text", Shape.MIXED, pool=("a", "b")))
    return Values(labelled, alias, ("code", "label")), key, [key, label]


def placed(d: Draw, r: Rows) -> Rows:
    """A join with a site's own table by its key."""
    keys = [f for f in r.fields if f.meaning.domain in ("care_site", "provider", "location")]
    if not keys:
        return r
    d.tag("site's own table")
    key = d.pick(keys)
    name, alias = key.meaning.domain, d.alias()
    columns = [column for column in TABLES[name].columns if column.visible]
    fields = [Field(alias, column.name, of_column(column)) for column in columns]
    item: Node = Table(name, alias)
    if name == "care_site" and d.chance(0.3):
        d.tag("site's tables joined")
        place = d.alias()
        on = (Form("{} = {}", (Column(alias, "location_id"), Column(place, "location_id"))),)
        fields.append(Field(place, "state", Meaning("code", "text", nullable=True, pool=("13", "27"))))
        item = Join("", item, Table("location", place), on)
    outer = d.chance(0.4)
    on = (Form("{} = {}", (key.node, Column(alias, f"{name}_id"))),)
    fields = [f.maybe_null() for f in fields] if outer else fields
    return Rows(Join("LEFT" if outer else "", r.item, item, on), r.fields + tuple(fields), r.where, None)
