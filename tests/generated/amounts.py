"""Numbers over the columns of one relation: what may be summed and averaged."""

from collections.abc import Callable
from dataclasses import replace

from draw import Draw
from meaning import Field, Meaning, Shape, times
from tree import Arithmetic, Call, Cast, Choice, Form, Literal, Node

Valued = tuple[Node, Meaning]

Conditions = Callable[[Draw, list[Field]], Node]


def of_kind(fields: list[Field], *kinds: str, type: str | None = None) -> list[Field]:
    return [f for f in fields if f.meaning.kind in kinds and type in (None, f.meaning.type)]


def dated(fields: list[Field]) -> list[Field]:
    """Plain days: an interval between moments is no number of days."""
    return of_kind(fields, "date", type="date")


def number(d: Draw, fields: list[Field], depth: int = 2, condition: Conditions | None = None) -> Valued | None:
    """Something that may be summed: a number of the person's own, whose shape is below `MIXED`.

    Where `condition` makes conditions, CASE may choose whose number counts.
    """
    deeper = lambda: number(d, fields, depth - 1, condition)  # noqa: E731
    plain = [(f.node, f.meaning) for f in fields if f.meaning.summable and f.meaning.kind != "constant"]
    makers = [(lambda: d.pick(plain), 6)] if plain else []
    days = dated(fields)
    if len(days) >= 2:
        makers.append((lambda: interval(d, days), 2))
    if depth > 0 and plain:
        makers.append((lambda: scaled(d, deeper()), 2))
        makers.append((lambda: product(d, deeper(), deeper()), 1))
        makers.append((lambda: difference(d, plain), 1.5))
        makers.append((lambda: shaped(d, deeper()), 2))
        makers.append((lambda: years(d, fields) or d.pick(plain), 2))
        if condition is not None:
            makers.append((lambda: chosen(d, condition(d, fields), deeper()), 2))
    made = d.weighted(makers)() if makers else None
    return made if made is None or made[1].summable else None


def interval(d: Draw, days: list[Field]) -> Valued:
    d.tag("interval")
    left, right = d.some(days, 2, 2)
    if d.chance(0.5):
        left, right = right, left
    shape = max(left.meaning.shape, right.meaning.shape)
    meaning = Meaning("amount", "int", shape if shape <= Shape.GAP else Shape.MIXED, nullable=True)
    return Arithmetic(left.node, "-", right.node, False), meaning


def scaled(d: Draw, value: Valued | None) -> Valued | None:
    if value is None:
        return None
    node, meaning = value
    factor = d.pick((2, 10, 0.5, 0.5 if huge(meaning) else 2.5, -1, 100))
    if isinstance(factor, float):
        meaning = replace(meaning, type="float", exact=False)
    sign = d.pick("**/")
    made = replace(meaning, nullable=True, scaled=True)
    return Arithmetic(node, sign, Literal(factor), meaning.whole), made.bent if sign == "/" and meaning.whole else made


def product(d: Draw, a: Valued | None, b: Valued | None) -> Valued | None:
    if a is None or b is None:
        return a or b
    sign = d.pick("*/")
    made = replace(times(a[1], b[1]), scaled=True)
    if sign == "/" and made.whole and (a[1].scaled or b[1].scaled):
        made = made.bent
    if not made.whole and (huge(a[1]) or huge(b[1])):
        return a
    # Integers of 32 bits squared fit 64; what is made of products already might not.
    if made.whole and sign == "*" and (isinstance(a[0], Arithmetic) or isinstance(b[0], Arithmetic)):
        return a
    d.tag("product" if sign == "*" else "quotient")
    return Arithmetic(a[0], sign, b[0], made.whole), made


def difference(d: Draw, plain: list[Valued]) -> Valued:
    """Sums and differences of columns: none of them may be 0 or NULL by a condition.

    A huge number takes the digits of a float that it is added to, and then what is left of their sum is chance.
    """
    fit = [value for value in plain if value[1].shape <= Shape.GAP]
    if len(fit) < 2:
        return d.pick(plain)
    (a, m), (b, n) = d.some(fit, 2, 2)
    if not (m.whole and n.whole) and (huge(m) or huge(n)):
        return a, m
    return Arithmetic(a, d.pick("+-"), b, m.whole and n.whole), times(m, n)


def huge(m: Meaning) -> bool:
    return m.numeric and any(abs(value) > 1e9 for value in m.pool)


def years(d: Draw, fields: list[Field]) -> Valued | None:
    """An age: a year less a year of birth, or a person's day taken as a year."""
    coarse, days = of_kind(fields, "coarse", type="int"), dated(fields)
    if not coarse:
        return None
    born = d.pick(coarse)
    if days and d.chance(0.6) and born.meaning.shape <= Shape.GAP:
        day = d.pick(days)
        if day.meaning.shape > Shape.GAP:
            return None
        d.tag("age")
        shape = max(day.meaning.shape, born.meaning.shape)
        year = Call("date_part", (Literal("year"), day.node))
        return Arithmetic(year, "-", born.node, True), Meaning(
            "derived", "int", shape, nullable=True, scaled=born.meaning.scaled
        )
    if born.meaning.shape > Shape.PLAIN:
        return None
    return Arithmetic(Literal(2024), "-", born.node, True), Meaning("coarse", "int", scaled=True)


def shaped(d: Draw, value: Valued | None) -> Valued | None:
    """Functions that keep 0 and NULL what they are."""
    if value is None:
        return None
    node, meaning = value
    d.tag("function")
    name = d.pick(
        (
            "abs",
            "abs",
            "sqrt",
            "ln",
            "log10",
            "log2",
            "round",
            "floor",
            "ceil",
            "trunc",
            "negative",
            "nullif",
            "coalesce",
        )
    )
    rough = replace(meaning, type="float", exact=False, nullable=True)
    match name:
        case "negative":
            once = Arithmetic(node, "*", Literal(1), True) if meaning.whole else node
            return Form("(- {})", (once,)), replace(meaning, scaled=meaning.scaled or meaning.whole)
        case "abs":
            return Call("abs", (node,), meaning.whole), meaning.bent
        case "ln" | "log10" | "log2" if meaning.shape > Shape.GAP:
            return value
        case "sqrt" | "ln" | "log10" | "log2":
            return Call(name, (Cast(node, "DOUBLE"),)), replace(rough, scaled=True)
        case "nullif":
            other = Literal(d.pick(meaning.pool) if meaning.pool else 1)
            return Call("nullif", (node, other)), replace(meaning, nullable=True).at_least(Shape.GAP)
        case "coalesce":
            return Call("coalesce", (node, Literal(0))), meaning.at_least(Shape.CHOICE)
        case _ if not meaning.exact:
            return value
        case "round" if meaning.whole:
            return Call(name, (node,)), meaning.bent
        case _:
            digits = (Literal(1),) if name == "round" and d.chance(0.3) else ()
            return Call(name, (node, *digits), meaning.whole), replace(rough, exact=not digits).bent


def clipped(d: Draw, value: Valued) -> Valued:
    """A value between two of those that its column has, as an aggregate that leaves takes it."""
    node, meaning = value
    if not meaning.pool or not meaning.exact or meaning.shape > Shape.GAP:
        return value
    d.tag("clip")
    kept = int if meaning.whole else float
    low, high = sorted(kept(d.pick(meaning.pool)) for _ in range(2))
    return Call("clip", (node, Literal(low), Literal(high))), meaning


def chosen(d: Draw, condition: Node, value: Valued | None) -> Valued | None:
    """CASE WHEN p THEN x [ELSE 0 | ELSE NULL] END."""
    if value is None:
        return None
    d.tag("case argument")
    node, meaning = value
    otherwise, shape = d.pick(((None, Shape.GAP), (Literal(None), Shape.GAP), (Literal(0), Shape.CHOICE)))
    return Choice(((condition, node),), otherwise), replace(meaning, nullable=True).at_least(shape)
