"""Conditions over the columns of one relation, by the role of the column."""

from datetime import date, datetime

from amounts import dated, number, of_kind
from draw import Draw
from meaning import Field
from records import DATES, ODD_DATES
from tree import Arithmetic, Call, Form, Literal, Node

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
# For conditions over cells, of which there are few.
MOSTLY = (*COMPARISONS, ">", ">=", ">=", "<>")
UNITS = ("week", "month", "quarter", "year")
# Thresholds that no average of the data hits, so that rounding cannot decide.
ODD_NUMBERS = (0.0371, 1.9013, 5.7431, 6.3317, 25.1119, 1950.3313)


def condition(d: Draw, fields: list[Field], depth: int = 1, constant: bool = False) -> Node:
    """A condition; `constant` where no parameter may stand in it, since it is written twice."""
    if depth > 0 and d.chance(0.3):
        return combined(d, fields, depth, constant)
    makers = [
        (lambda: null_test(d, d.pick(fields)), 1),
        *[(lambda f=f: predicate(f)(d, fields, f, constant), weight(f)) for f in fields],
    ]
    return d.weighted(makers)()


def predicate(field: Field):
    """By what the column means; a date that was cut to a unit compares as a date."""
    return on_date if field.meaning.type in ("date", "timestamp") else PREDICATES[field.meaning.kind]


def weight(field: Field) -> float:
    return {"key": 0.15, "site": 0.4}.get(field.meaning.kind, 1)


def combined(d: Draw, fields: list[Field], depth: int, constant: bool) -> Node:
    parts = tuple(condition(d, fields, depth - 1, constant) for _ in range(2))
    d.tag("logic")
    template = d.pick(
        ("({} AND {})", "({} OR {})", "({} OR {})", "(NOT ({} AND {}))", "(({}) IS NOT TRUE OR {})", "(NOT {} OR {})")
    )
    return Form(template, parts)


def alike(d: Draw, field: Field, others: list[Field]) -> Field:
    """Another column, often one of the same name in another table: names are what a planner may mix up."""
    twins = [f for f in others if f.name == field.name]
    return d.pick(twins if twins and d.chance(0.5) else others)


def null_test(d: Draw, field: Field) -> Node:
    missing = field.meaning.nullable and d.chance(0.4) or d.chance(0.05)
    return Form("{} IS NULL" if missing else "{} IS NOT NULL", (field.node,))


def on_key(d: Draw, fields: list[Field], field: Field, constant: bool) -> Node:
    others = [f for f in fields if f.meaning.domain == field.meaning.domain and f != field]
    if others and d.chance(0.7):
        return Form("{} = {}", (field.node, d.pick(others).node))
    return null_test(d, field)


def on_code(d: Draw, fields: list[Field], field: Field, constant: bool) -> Node:
    m = field.meaning
    if not m.pool:
        return null_test(d, field)
    value = lambda: d.constant(d.pick(m.pool), constant)  # noqa: E731
    others = [f for f in of_kind(fields, m.kind, type=m.type) if f != field]
    match d.pick(("=", "=", "<>", "in", "in", "not in", "distinct", "null", "like", "other", "between", "coalesce")):
        case "in" | "not in" as word:
            values = tuple(Literal(x) for x in d.some(m.pool, 1, 3))
            if word == "not in" and d.chance(0.1):
                values += (Literal(None),)
                d.tag("in with null")
            return Form(f"{{}} {word.upper()} ({', '.join(['{}'] * len(values))})", (field.node, *values))
        case "distinct":
            word = d.pick(("IS DISTINCT FROM", "IS NOT DISTINCT FROM"))
            return Form(f"({{}} {word} {{}})", (field.node, Literal(d.pick(m.pool))))
        case "null":
            return null_test(d, field)
        case "like" if m.type == "text":
            prefix = d.pick(m.pool)[: d.pick((1, 5, 8))].split("%")[0].split("_")[0]
            return Form("{} LIKE {}", (field.node, Literal(prefix + "%")))
        case "other" if others and m.kind != "site":
            return Form(d.pick(("{} = {}", "{} <> {}")), (field.node, alike(d, field, others).node))
        case "between" if m.type == "int":
            low, high = sorted(d.some(m.pool, 2, 2)) if len(m.pool) > 1 else (0, m.pool[0])
            return Form("{} BETWEEN {} AND {}", (field.node, d.constant(low, constant), d.constant(high, constant)))
        case "coalesce" if m.type == "int":
            return Form("{} = {}", (Call("coalesce", (field.node, Literal(0))), Literal(d.pick(m.pool))))
        case "<>":
            return Form("{} <> {}", (field.node, value()))
        case _:
            return Form("{} = {}", (field.node, value()))


def on_date(d: Draw, fields: list[Field], field: Field, constant: bool) -> Node:
    moment = field.meaning.type == "timestamp"
    days = [f for f in dated(fields) if f != field]
    match d.pick(
        ("literal", "literal", "literal", "other", "interval", "part", "trunc", "moved", "today", "null", "between")
    ):
        case "other" if days:
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (field.node, alike(d, field, days).node))
        case "interval" if days and not moment:
            between = Arithmetic(field.node, "-", alike(d, field, days).node, False)
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (between, Literal(d.pick((0, 1, 30, 365, -365)))))
        case "part":
            part, values = d.pick(
                (
                    ("year", (2019, 2020, 2021, 1)),
                    ("month", (2, 12)),
                    ("day", (29, 31)),
                    ("dow", (0, 3)),
                    ("doy", (60, 366)),
                )
            )
            return Form(
                f"{{}} {d.pick(COMPARISONS)} {{}}",
                (Call("date_part", (Literal(part), field.node)), Literal(d.pick(values))),
            )
        case "trunc":
            cut = Call("date_trunc", (Literal(d.pick(UNITS)), field.node))
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (cut, Literal(day(d))))
        case "moved":
            d.tag("moved date")
            step = d.pick(("+ INTERVAL '1 month'", "- INTERVAL '30 days'", "+ INTERVAL '1 year'"))
            return Form(f"({{}} {step}) {d.pick(COMPARISONS)} {{}}", (field.node, Literal(day(d))))
        case "today":
            return Form(f"{{}} {d.pick('<>')} {{}}", (field.node, d.pick((Call("current_date", ()), Call("now", ())))))
        case "null":
            return null_test(d, field)
        case "between":
            low, high = sorted((day(d), day(d)))
            return Form("{} BETWEEN {} AND {}", (field.node, d.constant(low, constant), d.constant(high, constant)))
        case _:
            literal = datetime(2020, 2, 29, 12, 30) if moment and d.chance(0.3) else day(d)
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (field.node, d.constant(literal, constant or moment)))


def day(d: Draw) -> date:
    return date.fromisoformat(d.pick(ODD_DATES if d.chance(0.15) else DATES))


def on_number(d: Draw, fields: list[Field], field: Field, constant: bool) -> Node:
    m = field.meaning
    kind = d.pick(("literal", "literal", "literal", "in", "between", "other", "modulo", "made", "null", "function"))
    if not m.exact:
        return Form(f"{{}} {d.pick('<>')} {{}}", (field.node, Literal(d.pick(ODD_NUMBERS))))
    values = m.pool or (0, 1, 2)
    others = [f for f in fields if f.meaning.numeric and f.meaning.exact and f != field and f.meaning.kind == m.kind]
    match kind:
        case "in":
            some = tuple(Literal(x) for x in d.some(values, 1, 3))
            return Form(f"{{}} IN ({', '.join(['{}'] * len(some))})", (field.node, *some))
        case "between":
            low, high = sorted((d.pick(values), d.pick(values)))
            return Form("{} BETWEEN {} AND {}", (field.node, d.constant(low, constant), d.constant(high, constant)))
        case "other" if others:
            other = alike(d, field, others)
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (field.node, other.node))
        case "modulo" if m.whole:
            return Form(
                "{} = {}", (Arithmetic(field.node, "%", Literal(d.pick((2, 7, 0))), False), Literal(d.pick((0, 1))))
            )
        case "made":
            made = number(d, fields)
            if made is not None:
                return Form(f"{{}} {d.pick('<>')} {{}}", (made[0], Literal(d.pick(ODD_NUMBERS))))
        case "function":
            least = Call(d.pick(("greatest", "least")), (field.node, Literal(d.pick(values))))
            return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (least, Literal(d.pick(values))))
        case "null":
            return null_test(d, field)
    return Form(f"{{}} {d.pick(COMPARISONS)} {{}}", (field.node, d.constant(d.pick(values), constant)))


def on_constant(d: Draw, fields: list[Field], field: Field, constant: bool) -> Node:
    m = field.meaning
    if m.type == "bool":
        return Form(d.pick(("{}", "{}", "NOT {}", "{} IS TRUE", "{} IS NOT FALSE", "{} IS UNKNOWN")), (field.node,))
    if m.pool:
        return Form(d.pick(("{} = {}", "{} <> {}")), (field.node, Literal(d.pick(m.pool))))
    return null_test(d, field)


PREDICATES = {
    "key": on_key,
    "site": on_code,
    "code": on_code,
    "text": on_code,
    "date": on_date,
    "amount": on_number,
    "coarse": on_number,
    "derived": on_number,
    "constant": on_constant,
}
