"""Windows within one person."""

from collections.abc import Callable
from dataclasses import replace

from amounts import dated
from conditions import condition
from draw import Draw
from meaning import COUNT, Field, Meaning, Shape
from rows import Rows, projected, table
from tree import Aggregate, Form, Literal, Node, Order, Over

PLACE = replace(COUNT, pool=(1, 2, 3))


def windowed(d: Draw) -> Rows:
    """A table with a window within the person beside it."""
    r = table(d)
    d.tag("window per person")
    person = r.persons[0].node
    values = [f for f in r.values if f.meaning.kind in ("amount", "date", "code", "coarse")]
    days = dated(r.values)
    by = (Order(d.pick(days).node, d.chance(0.3)),) if days else ()
    total = None if r.order is None else by + tuple(Order(node) for node in r.order)
    order = d.chance(0.5) and by or ()
    options: list[tuple[Callable, float]] = []
    if by:
        options.append(
            (
                lambda: (
                    Over(Form(d.pick(("rank()", "dense_rank()")), ()), (person,), by),
                    replace(PLACE, pool=(1, 2, 3, 4)),
                ),
                1,
            )
        )
    options.append((lambda: (Over(Aggregate("count", ()), (person,), order), COUNT), 1))
    where = condition(d, list(r.fields)) if d.chance(0.3) else None
    choice = replace(COUNT, shape=Shape.CHOICE)
    options.append(
        (lambda: (Over(Aggregate("count", (), where=where), (person,), order), COUNT if where is None else choice), 0.7)
    )
    summable = [f for f in values if f.meaning.summable]
    if summable:
        options.append((lambda: running(d, d.pick(summable), person, order), 2))
    if total is not None:
        options.append((lambda: (Over(Form("row_number()", ()), (person,), total), PLACE), 4))
        if values:
            options.append((lambda: neighbour(d, d.pick(values), person, total), 4))
    function, meaning = d.weighted(options)()
    made = projected(d, r, [(function, meaning)], (condition(d, list(r.fields)),) if d.chance(0.2) else ())
    if meaning == PLACE and d.chance(0.6):
        d.tag("first of a person")
        made = replace(made, where=(Form("{} = {}", (made.fields[-1].node, Literal(d.pick((1, 1, 2))))),))
    return made


def running(d: Draw, field: Field, person: Node, order: tuple[Order, ...]) -> tuple[Over, Meaning]:
    m = field.meaning
    name = d.pick(("sum", "avg", "min", "max"))
    whole = m.whole and name != "avg"
    exact = m.exact and name in ("min", "max") or whole
    kind = m.kind if m.kind == "amount" or name in ("min", "max") else "derived"
    meaning = replace(
        m, kind=kind, type="int" if whole else m.type if name in ("min", "max") else "float", exact=exact, nullable=True
    )
    return Over(Aggregate(name, (field.node,), float=not m.whole), (person,), order), replace(meaning, pool=())


def neighbour(d: Draw, field: Field, person: Node, total: tuple[Order, ...]) -> tuple[Over, Meaning]:
    d.tag("neighbour within a person")
    name = d.pick(("lag", "lead", "first_value", "last_value"))
    meaning = replace(field.meaning, nullable=True)
    if name in ("lag", "lead"):
        step, shape = d.weighted(
            (
                ((" ", Shape.GAP), 6),
                ((", 2", Shape.GAP), 1),
                ((", 1, NULL", Shape.CHOICE), 1),
                ((", 1, 0", Shape.CHOICE), 1),
            )
        )
        if field.meaning.kind not in ("amount", "coarse") and step.endswith("0"):
            step, shape = "", Shape.GAP
        return Over(Form(f"{name}({{}}{step.strip()})", (field.node,)), (person,), total), meaning.at_least(shape)
    frame = d.pick(
        ("", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW")
    )
    return Over(Form(f"{name}({{}})", (field.node,)), (person,), total, frame), meaning
