"""Aggregates that may leave a hospital."""

from collections.abc import Callable

from amounts import clipped, number
from conditions import condition
from draw import Draw
from keys import group_key
from meaning import COUNT, Field, Meaning, Shape
from rows import Rows
from tree import Aggregate, Cast, Choice, Literal, Node, Percentile

BIVARIATE = (
    "covar_samp",
    "covar_pop",
    "corr",
    "regr_slope",
    "regr_intercept",
    "regr_count",
    "regr_r2",
    "regr_avgx",
    "regr_avgy",
    "regr_sxx",
    "regr_syy",
    "regr_sxy",
)
NEAR = 10_000
MOMENTS = ("var_samp", "var_pop", "stddev_samp", "stddev_pop", "stddev", "var")
# Keys of tables that are not about one person.
NOT_EVENTS = ("person", "care_site", "provider", "location")


def result(d: Draw, r: Rows, subtotals: bool) -> tuple[Node, Meaning]:
    """An aggregate that may leave a hospital; where there are subtotals, distinct values are not counted."""
    where = None
    if d.chance(0.25):
        d.tag("filter")
        where = condition(d, list(r.fields), constant=True)
    persons = [f for f in r.fields if f.meaning.domain == "person"]
    options: list[tuple[Callable, float]] = [
        (lambda: (Aggregate("count", (), where=where), COUNT), 3),
        (lambda: (Aggregate("count", (d.pick(r.fields).node,), where=where), COUNT), 1.5),
        (lambda: (Aggregate("count", (Literal(1),), where=where), COUNT), 0.3),
    ]
    if persons:
        options.append((lambda: persons_counted(d, persons, where), 3))
    if r.values:
        options.append((lambda: summed(d, r, where), 7))
        options.append((lambda: flags_summed(d, r, where), 1))
    if d.has("distinct_keys") and (
        keys := [f for f in r.fields if f.meaning.kind == "key" and f.meaning.domain not in NOT_EVENTS]
    ):
        options.append((lambda: distinct_counted(d, "count keys", d.pick(keys).node, where), 1.5))
    if d.has("distinct_codes") and r.values and not subtotals:
        options.append((lambda: distinct_counted(d, "count codes", group_key(d, r.values)[0], where), 1.5))
    if d.has("percentiles") and (fit := [f for f in r.values if on_grid(f.meaning)]):
        options.append((lambda: percentile(d, d.pick(fit), where), 1.5))
    if d.has("bivariate") and r.values:
        options.append((lambda: of_two(d, r, where), 2))
    return d.weighted(options)()


def persons_counted(d: Draw, persons: list[Field], where: Node | None) -> tuple[Node, Meaning]:
    d.tag("count persons")
    return Aggregate("count", (d.pick(persons).node,), distinct=True, where=where), COUNT


def distinct_counted(d: Draw, tag: str, node: Node, where: Node | None) -> tuple[Node, Meaning]:
    d.tag(tag)
    return Aggregate("count", (node,), distinct=True, where=where), COUNT


def on_grid(m: Meaning) -> bool:
    """Whether all its values are edges of the grid of percentiles: of four digits at most, and none computed."""
    digits = lambda value: len(f"{abs(value):.15g}".replace(".", "").strip("0"))  # noqa: E731
    plain = m.kind in ("amount", "coarse") and m.numeric and m.exact and not m.scaled and m.shape <= Shape.GAP
    return plain and bool(m.pool) and all(abs(value) < NEAR and digits(value) <= 4 for value in m.pool)


def percentile(d: Draw, field: Field, where: Node | None) -> tuple[Node, Meaning]:
    """Where every bin has a person and every value is an edge, what is read is the value at the rank itself."""
    share, form = d.pick((0.05, 0.25, 0.5, 0.75, 0.95, 0, 1)), d.pick(("percentile_cont", "approx_percentile_cont"))
    if d.chance(0.3):
        share, form = 0.5, "median"
    d.tag("percentile")
    argument = Cast(field.node, "DOUBLE") if field.meaning.whole else field.node
    return Percentile(argument, share, form, where), Meaning("derived", "float", exact=False)


def of_two(d: Draw, r: Rows, where: Node | None) -> tuple[Node, Meaning]:
    """Covariance, correlation and regression of two numbers that have the same bits on both sides and are not far from
    0, where what is left of a difference of products would be chance."""
    small = [f for f in r.values if f.meaning.numeric and f.meaning.pool and max(map(abs, f.meaning.pool)) < NEAR]
    name = d.pick(BIVARIATE)
    # Of products the intercept would be what is left of a difference of large numbers.
    made = [number(d, small, 0 if name == "regr_intercept" else 1, condition) for _ in range(2)] if small else []
    if not made or not all(value is not None and value[1].exact for value in made):
        return summed(d, r, where)
    d.tag("bivariate", name)
    count = name == "regr_count"
    meaning = Meaning("derived", "int" if count else "float", exact=count)
    return Aggregate(name, tuple(node for node, _ in made), where=where, float=True), meaning


def summed(d: Draw, r: Rows, where: Node | None) -> tuple[Node, Meaning]:
    made = number(d, r.values, 2, condition)
    if made is None:
        return flags_summed(d, r, where)
    node, m = clipped(d, made) if d.chance(0.06) else made
    name = d.weighted((("sum", 4), ("avg", 3), ("moments", 3)))
    if name == "moments":
        name = d.pick(MOMENTS)
        d.tag("variance" if name.startswith("var") else "deviation")
    else:
        d.tag(f"{name} of {'integers' if m.whole else 'floats'}")
    whole = name == "sum" and m.whole
    meaning = Meaning("derived", "int" if whole else "float", exact=whole)
    return Aggregate(name, (node,), where=where, float=not m.whole), meaning


def flags_summed(d: Draw, r: Rows, where: Node | None) -> tuple[Node, Meaning]:
    """sum(CASE WHEN p THEN 1 ELSE 0 END)."""
    d.tag("case as count")
    flag = Choice(((condition(d, list(r.fields), constant=True), Literal(1)),), d.pick((None, Literal(0))))
    name = d.pick(("sum", "sum", "avg", "count"))
    return Aggregate(name, (flag,), where=where), Meaning(
        "derived", "float" if name == "avg" else "int", exact=name != "avg"
    )
