"""Keys are not values, and joins of persons need one in common."""

from dataclasses import replace

from catalogue import TABLES
from draw import Draw
from queries import Comma, Derived, Item, Join, Select, Table, Values
from rules import closed, columns, joins, of_persons, rule, some, with_item, with_key, with_where
from tree import Aggregate, Column, Form, Literal, rebuilt

OWN = ("care_site", "location", "provider")


@rule("a key compared with a value", "E-KEY-USE")
def _(d: Draw, point: Select):
    key = some(d, point, "key")
    template = d.pick(
        (
            "{} = 7",
            "{} > 5",
            "{} IN (1, 2)",
            "{} % 2 = 0",
            "{} BETWEEN 1 AND 9",
            "coalesce({}, 0) = 0",
            "CAST({} AS VARCHAR) LIKE '1%'",
            "{} + 1 IS NOT NULL",
            "abs({}) < 9",
            "{} IS DISTINCT FROM 3",
            "CASE WHEN {} = 1 THEN true ELSE false END",
        )
    )
    return key and with_where(point, Form(template, (key,)))


@rule("a key that is ordered by size", "E-KEY-USE")
def _(d: Draw, point: Select):
    key = some(d, point, "key")
    return key and with_where(point, Form("{} < {}", (key, key)))


@rule("a key that is summed", "E-KEY-USE")
def _(d: Draw, point: Select):
    key = some(d, point, "key")
    return key and with_item(d, point, Aggregate(d.pick(("sum", "avg", "stddev")), (key,)))


@rule("a person key returned", "E-ROWS", "E-LIMIT", "E-AGGREGATE", top=True)
def _(d: Draw, point: Select):
    keys = [node for node, column in columns(point) if column.domain == "person"]
    kept = not any(join.kind in ("LEFT", "RIGHT", "FULL") for join in joins(point.source))
    return with_key(d, point, d.pick(keys)) if keys and kept else None


@rule("a key of a site's own table as key of cells", "E-KEY-USE")
def _(d: Draw, point: Select):
    """Rows by an event's key stay rows of persons, so that what stands above them may still aggregate."""
    keys = [node for node, column in columns(point) if column.role == "key" and column.domain in OWN]
    return with_key(d, point, d.pick(keys)) if keys else None


@rule("a person key that may be NULL as key of cells", "E-KEY-NULL")
def _(d: Draw, point: Select):
    persons = [node for node, column in columns(point) if column.domain == "person"]
    alias = d.alias()
    key = Column(alias, "person_id")
    if not persons or isinstance(point.source, Comma):
        return None
    join = Join("LEFT", point.source, Table("death", alias), (Form("{} = {}", (key, d.pick(persons))),))
    return with_key(d, replace(point, source=join), key)


# Joins.


@rule("a join without its key", "E-JOIN-KEY", "E-JOIN-REFERENCE")
def _(d: Draw, point: Select):
    fit = [join for join in joins(point) if of_persons(join.left) or of_persons(join.right)]
    fit = [join for join in fit if not isinstance(join.right, Derived) or "person_id" in join.right.query.names]
    return fit and dropped(d.pick(fit), point)


def dropped(join: Join, point: Select) -> Select:
    bare = replace(join, on=(Literal(True),), using=())
    return rebuilt(point, lambda node: bare if node == join else node)


@rule("a comma join without its key", "E-JOIN-KEY")
def _(d: Draw, point: Select):
    if not isinstance(point.source, Comma):
        return None
    return replace(point, where=(Literal(True),))


@rule("keys of different kinds compared", "E-JOIN-KEY")
def _(d: Draw, point: Select):
    fit = [join for join in joins(point) if of_persons(join.left) and of_persons(join.right) and join.on]
    if not fit:
        return None
    join = d.pick(fit)
    equal = join.on[0]
    left, right = equal.parts
    domains = {"person_id": "visit_occurrence_id", "visit_occurrence_id": "person_id"}
    if not isinstance(right, Column) or right.name not in domains:
        return None
    other = [node for node in point.within() if isinstance(node, Table) and node.alias == right.table]
    table = TABLES.get(other[0].name.removeprefix("cdm.")) if other else None
    if table is None or domains[right.name] not in [column.name for column in table.columns]:
        return None
    wrong = replace(join, on=(Form("{} = {}", (left, replace(right, name=domains[right.name]))), *join.on[1:]))
    return rebuilt(point, lambda node: wrong if node == join else node)


@rule("a key compared with the vocabulary", "E-JOIN-REFERENCE")
def _(d: Draw, point: Select):
    key, alias = some(d, point, "key"), d.alias()
    on = (Form("{} = {}", (Column(alias, "concept_id"), key)),) if key else ()
    return key and replace(point, source=Join("", closed(point.source), Table("concept", alias), on))


@rule("a key compared with constants", "E-JOIN-REFERENCE")
def _(d: Draw, point: Select):
    key, alias = some(d, point, "key"), d.alias()
    on = (Form("{} = {}", (key, Column(alias, "id"))),) if key else ()
    return key and replace(point, source=Join("", closed(point.source), Values(((Literal(7),),), alias, ("id",)), on))


@rule("a vocabulary or a site's table kept by an outer join", "E-JOIN-REFERENCE")
def _(d: Draw, point: Select):
    fit = [join for join in joins(point) if of_persons(join.left) and not of_persons(join.right)]
    if not fit:
        return None
    join = d.pick(fit)
    kept = replace(join, kind=d.pick(("RIGHT", "FULL")))
    return rebuilt(point, lambda node: kept if node == join else node)


@rule("a code compared with the vocabulary by order", "E-JOIN-REFERENCE")
def _(d: Draw, point: Select):
    code, alias = some(d, point, "code", type="int"), d.alias()
    on = (Form("{} > {}", (Column(alias, "concept_id"), code)),) if code else ()
    return code and replace(point, source=Join("", closed(point.source), Table("concept", alias), on))


@rule("rows of persons joined with a result", "E-NOT-SUPPORTED", until="two_round")
def _(d: Draw, point: Select):
    alias, inner = d.alias(), d.alias()
    total = Derived(Select((), (Item(Aggregate("count", ()), "n"),), Table("death", inner), grouped=True), alias)
    year = some(d, point, "coarse", type="int")
    on = (Form("{} < {}", (Column(alias, "n"), year)),) if year else ()
    return year and replace(point, source=Join("", closed(point.source), total, on))
