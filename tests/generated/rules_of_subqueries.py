"""Subqueries: whom they may be about, and what they may be compared with."""

from dataclasses import replace

from draw import Draw
from queries import Comma, Derived, Item, Join, Select, Table
from rules import columns, rule, some, with_key, with_where
from tree import Aggregate, Column, Form, Node


def person_keys(point: Select) -> list[Node]:
    return [node for node, column in columns(point) if column.domain == "person"]


def conditioned(d: Draw, point: Select, part: Node | None, *templates: str) -> Select | None:
    return with_where(point, Form(d.pick(templates), (part,))) if part else None


@rule("NOT IN over what may be NULL", "E-KEY-NULL", since="subquery")
def _(d: Draw, point: Select):
    visits = [node for node, column in columns(point) if column.domain == "visit_occurrence"]
    return visits and conditioned(
        d,
        point,
        d.pick(visits),
        "{} NOT IN (SELECT m.visit_occurrence_id FROM measurement m)",
        "({} IN (SELECT m.visit_occurrence_id FROM measurement m) OR 1 = 2)",
    )


@rule("EXISTS about nobody in particular", "E-SUBQUERY", since="subquery", whole=True)
def _(d: Draw, tree: Node):
    return d.pick(
        (
            "SELECT count(*) AS n FROM person p WHERE EXISTS (SELECT 1 FROM death d)",
            "SELECT count(*) AS n FROM person p WHERE NOT EXISTS (SELECT 1 FROM death d WHERE d.cause_concept_id = 0)",
        )
    )


@rule("keys of different kinds in IN", "E-JOIN-KEY", since="subquery")
def _(d: Draw, point: Select):
    keys = person_keys(point)
    return keys and conditioned(d, point, d.pick(keys), "{} IN (SELECT v.visit_occurrence_id FROM visit_occurrence v)")


@rule("a key among codes or results", "E-JOIN-REFERENCE", since="subquery")
def _(d: Draw, point: Select):
    keys = person_keys(point)
    return keys and conditioned(
        d, point, d.pick(keys), "{} IN (SELECT c.concept_id FROM concept c)", "{} IN (SELECT count(*) FROM death d)"
    )


@rule("a key compared with a total", "E-KEY-USE", since="two_round")
def _(d: Draw, point: Select):
    keys = person_keys(point)
    return keys and conditioned(
        d,
        point,
        d.pick(keys),
        "{} = (SELECT count(*) FROM death d)",
        "{} > (SELECT avg(p.year_of_birth) FROM person p)",
    )


@rule("amounts among amounts", "E-ARGUMENT", since="two_round")
def _(d: Draw, point: Select):
    return conditioned(
        d, point, some(d, point, "amount", type="float"), "{} IN (SELECT m.value_as_number FROM measurement m)"
    )


@rule("an extreme of everybody", "E-AGGREGATE", since="two_round")
def _(d: Draw, point: Select):
    return conditioned(
        d,
        point,
        some(d, point, "coarse", type="int"),
        "{} > (SELECT max(p.year_of_birth) FROM person p)",
        "{} = (SELECT min(p.year_of_birth) FROM person p)",
        "{} < (SELECT max(p.year_of_birth) FROM person p)",
    )


@rule("a subquery inside CASE", "E-SUBQUERY", since="subquery")
def _(d: Draw, point: Select):
    keys = person_keys(point)
    asked = "CASE WHEN EXISTS (SELECT 1 FROM death d WHERE d.person_id = {}) THEN 1 END"
    return keys and with_key(d, point, Form(asked, (d.pick(keys),)))


@rule("a correlated subquery without an aggregate", "E-SUBQUERY", since="subquery")
def _(d: Draw, point: Select):
    keys = person_keys(point)
    return keys and conditioned(
        d, point, d.pick(keys), "1950 < (SELECT q.year_of_birth FROM person q WHERE q.person_id = {} LIMIT 1)"
    )


@rule(
    "rows of a result kept beside rows of persons",
    "E-NOT-SUPPORTED",
    "E-JOIN-REFERENCE",
    "E-KEY-NULL",
    since="two_round",
)
def _(d: Draw, point: Select):
    if isinstance(point.source, Comma):
        return None
    code, alias, inner = some(d, point, "code", type="int"), d.alias(), d.alias()
    key = Item(Column(inner, "condition_concept_id"), "code")
    result = Derived(
        Select((key,), (Item(Aggregate("count", ()), "n"),), Table("condition_occurrence", inner), grouped=True), alias
    )
    on = (Form("{} = {}", (Column(alias, "code"), code)),) if code else ()
    return code and replace(point, source=Join(d.pick(("FULL", "RIGHT")), point.source, result, on))


@rule("subtotals with and without a person", "E-ROWS", since="grouping_sets", whole=True)
def _(d: Draw, tree: Node):
    sets = d.pick(
        (
            "ROLLUP (person_id, visit_concept_id)",
            "CUBE (person_id, visit_concept_id)",
            "GROUPING SETS ((person_id), (visit_concept_id))",
        )
    )
    inner = f"SELECT person_id, count(*) AS n FROM visit_occurrence GROUP BY {sets}"
    return f"SELECT n, count(*) AS k FROM ({inner}) v GROUP BY n"
