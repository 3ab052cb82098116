"""What a cell may be keyed by: codes, coarse demographics, texts, dates cut to a unit, bands and flags."""

from dataclasses import replace

from amounts import Valued, of_kind
from conditions import ODD_NUMBERS, UNITS, condition
from draw import Draw
from meaning import COUNT, FLAG, LABEL, Field, Meaning
from tree import Arithmetic, Call, Choice, Form, Literal, Node

PARTS = ("week", "month", "quarter", "year", "isoyear")


def group_key(d: Draw, fields: list[Field]) -> Valued | None:
    """Something that a cell may be keyed by."""
    codes = of_kind(fields, "code", "coarse", "text", "derived")
    codes = [f for f in codes if f.meaning.groupable]
    labels = [f for f in of_kind(fields, "constant") if f.meaning.groupable]
    sites, dates = of_kind(fields, "site"), of_kind(fields, "date")
    numbers = [f for f in fields if f.meaning.numeric and f.meaning.kind in ("amount", "coarse", "derived")]
    kinds = sorted({f.meaning.kind for f in codes})
    makers = [(lambda: keyed(d, d.pick(of_kind(codes, d.pick(kinds)))), 8)] if codes else []
    makers += [(lambda: plain_key(d, d.pick(labels)), 2)] if labels else []
    makers += [(lambda: plain_key(d, d.pick(sites)), 2)] if sites else []
    makers += [(lambda: calendar(d, d.pick(dates)), 4)] if dates else []
    few = [f for f in of_kind(codes, "code") if f.meaning.pool]
    makers += [(lambda: labelled(d, d.pick(few)), 1)] if few else []
    makers += [(lambda: band(d, d.pick(numbers)), 2.5)] if numbers else []
    makers.append((lambda: flag(d, condition(d, fields, constant=True)), 1.5))
    return d.weighted(makers)()


def plain_key(d: Draw, field: Field) -> Valued:
    d.tag(f"by {field.meaning.kind}")
    return field.node, field.meaning


def keyed(d: Draw, field: Field) -> Valued:
    m = field.meaning
    d.tag(f"by {m.kind}")
    if d.chance(0.75):
        return field.node, m
    match m.type:
        case "int" if m.kind == "code":
            return Call("coalesce", (field.node, Literal(0))), m
        case "int":
            tens = Arithmetic(Arithmetic(field.node, "/", Literal(10), True), "*", Literal(10), True)
            return tens, replace(m, kind="derived")
        case "text" if m.kind == "code" and d.has("code_prefix") and d.chance(0.5):
            d.tag("code prefix")
            return Call("code_prefix", (field.node, Literal(d.pick((1, 3, 5))))), replace(m, pool=())
        case "text":
            return d.pick((Call("lower", (field.node,)), Form("({} || '/')", (field.node,)))), replace(m, pool=())
    return field.node, m


def calendar(d: Draw, field: Field) -> Valued:
    if d.chance(0.5):
        d.tag("by date_trunc")
        type = "timestamp"
        return Call("date_trunc", (Literal(d.pick(UNITS)), field.node)), Meaning("derived", type, nullable=True)
    d.tag("by date_part")
    part = d.pick(PARTS)
    if part != "isoyear" and d.chance(0.4):
        return Form(f"EXTRACT({part} FROM {{}})", (field.node,)), replace(COUNT, nullable=True)
    return Call("date_part", (Literal(part), field.node)), replace(COUNT, nullable=True)


def band(d: Draw, field: Field) -> Valued:
    """CASE with constant results."""
    d.tag("by band")
    bounds = (
        sorted(d.some(field.meaning.pool, 1, 2))
        if field.meaning.pool and field.meaning.exact
        else [d.pick(ODD_NUMBERS)]
    )
    labels = d.pick((("low", "mid", "high"), (1, 2, 3)))
    whens = tuple(
        (Form("{} < {}", (field.node, Literal(bound))), Literal(label)) for bound, label in zip(bounds, labels)
    )
    otherwise = d.pick((Literal(labels[2]), None))
    return Choice(whens, otherwise), replace(LABEL, type="int" if labels[0] == 1 else "text", nullable=True)


def labelled(d: Draw, field: Field) -> Valued:
    """CASE of a code with constant results."""
    d.tag("by label")
    codes = d.some(field.meaning.pool, 1, 3)
    parts = [part for code in codes for part in (Literal(code), Literal(d.pick(("a", "b"))))]
    otherwise = d.pick((" ELSE 'other'", "", " ELSE NULL"))
    return Form(
        "CASE {} " + "WHEN {} THEN {} " * len(codes) + f"{otherwise} END".strip(), (field.node, *parts)
    ), replace(LABEL, nullable=True)


def flag(d: Draw, condition: Node) -> Valued:
    d.tag("by flag")
    return Form("({})", (condition,)), FLAG
