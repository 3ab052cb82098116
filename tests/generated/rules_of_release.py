"""Rows of persons stay where they are, and what leaves shows nobody."""

from dataclasses import replace

from draw import Draw
from queries import Derived, Item, Select, SetOperation
from rules import rule, some, with_item, with_key
from tree import Aggregate, Arithmetic, Call, Cast, Choice, Form, Literal, Over, rebuilt


@rule("no aggregate", "E-ROWS", top=True)
def _(d: Draw, point: Select):
    value = some(d, point, "amount", "code", "date", "coarse")
    return value and Select((), (Item(value, d.column()),), point.source, point.where)


@rule("everything", "E-ROWS", "E-COLUMN", "E-NOT-SUPPORTED", top=True)
def _(d: Draw, point: Select):
    return Select((), (), point.source, point.where)


@rule("LIMIT over rows of persons", "E-LIMIT")
def _(d: Draw, point: Select):
    inner = [node for node in point.within() if isinstance(node, Derived) and isinstance(node.query, Select)]
    inner = [node for node in inner if "person_id" in node.query.names]
    if not inner:
        return None
    node = d.pick(inner)
    cut = replace(node, query=replace(node.query, **d.pick(({"limit": 1}, {"offset": 2}, {"limit": 3, "offset": 1}))))
    return rebuilt(point, lambda one: cut if one == node else one)


@rule("a window without a person", "E-LIMIT")
def _(d: Draw, point: Select):
    windows = [node for node in point.source.within() if isinstance(node, Over)]
    if not windows:
        return None
    loose = replace(windows[0], partition=())
    return rebuilt(point, lambda node: loose if node == windows[0] else node)


@rule("rows of persons united with constants", "E-SET")
def _(d: Draw, point: Select):
    unions = [node for node in point.within() if isinstance(node, SetOperation) and node.word.startswith("UNION")]
    if not unions:
        return None
    union = unions[0]
    constants = Select((), tuple(Item(Literal(None), name) for name in union.names), None)
    mixed = replace(union, parts=(*union.parts, constants))
    return rebuilt(point, lambda node: mixed if node == union else node)


@rule("rows of persons intersected without a key", "E-SET", top=True)
def _(d: Draw, point: Select):
    sets = [node for node in point.within() if isinstance(node, SetOperation) and not node.word.startswith("UNION")]
    if not sets or not all(isinstance(part, Select) for part in sets[0].parts):
        return None
    bare = tuple(replace(part, items=(Item(Literal(1), "one"),)) for part in sets[0].parts)
    alias = d.alias()
    query = replace(sets[0], parts=bare)
    return Select((), (Item(Aggregate("count", ()), "n"),), Derived(query, alias), grouped=True)


# What may not leave.


@rule("an aggregate that shows one person", "E-AGGREGATE")
def _(d: Draw, point: Select):
    name = d.pick(
        (
            "min",
            "max",
            "array_agg",
            "first_value",
            "bit_and",
            "bool_or",
            "approx_distinct",
            "last_value",
            "string_agg",
            "bit_xor",
        )
    )
    value = some(d, point, "amount", "coarse", type="int") or some(d, point, "code", type="int")
    if value is None:
        return None
    shown = {"string_agg": Cast(value, "VARCHAR"), "bool_or": Form("{} > 1", (value,))}.get(name, value)
    further = {"string_agg": (Literal(","),), "approx_percentile_cont": (Literal(0.5),)}.get(name, ())
    return with_item(d, point, Aggregate(name, (shown, *further)))


@rule("a sum of distinct values", "E-AGGREGATE")
def _(d: Draw, point: Select):
    value = some(d, point, "amount", "coarse")
    return value and with_item(d, point, Aggregate(d.pick(("sum", "avg")), (value,), distinct=True))


@rule("an amount or a day as key of cells", "E-ARGUMENT")
def _(d: Draw, point: Select):
    amount, day = some(d, point, "amount"), some(d, point, "date", type="date")
    made = []
    if amount:
        made += [
            amount,
            Call("floor", (amount,)),
            Arithmetic(amount, "+", Literal(1), False),
            Form("(- {})", (amount,)),
        ]
    if day:
        made += [
            day,
            Call("date_trunc", (Literal("day"), day)),
            Cast(day, "VARCHAR"),
            Form("({} - DATE '2020-01-01')", (day,)),
            Call("date_part", (Literal(d.pick(("day", "doy", "epoch"))), day)),
            Call("coalesce", (day, Literal(None))),
        ]
    return with_key(d, point, d.pick(made)) if made else None


@rule("a step at a chosen place", "E-ARGUMENT")
def _(d: Draw, point: Select):
    value = some(d, point, "amount", type="float")
    if not value:
        return None
    far = Arithmetic(value, "/", Literal(d.pick((3.5, 200.5))), False)
    name = d.pick(("ceil", "floor", "trunc", "round", "abs", "signum"))
    step = Call(name, (Arithmetic(far, "-", value, False) if name == "abs" else far,))
    return with_item(d, point, Aggregate(d.pick(("sum", "avg", "var_pop", "median")), (step,)))


@rule("a clip beside an aggregate", "E-ARGUMENT")
def _(d: Draw, point: Select):
    value = some(d, point, "amount", type="float")
    return value and with_item(
        d, point, Aggregate("sum", (Arithmetic(Call("clip", (value, Literal(0), Literal(10))), "+", Literal(1), False),))
    )


@rule("a sum of a code, a day or a site", "E-ARGUMENT", "E-TYPE")
def _(d: Draw, point: Select):
    value = some(d, point, "code", "date")
    return value and with_item(d, point, Aggregate(d.pick(("sum", "avg", "var_pop")), (value,)))


@rule("a sum to which a condition adds", "E-ARGUMENT")
def _(d: Draw, point: Select):
    code, amount = some(d, point, "code", type="int"), some(d, point, "amount")
    if not code or not amount:
        return None
    chosen = Form("{} = 201826", (code,))
    flag = Choice(((chosen, Literal(1)),), Literal(0))
    made = d.pick(
        (
            Arithmetic(flag, "+", Literal(1), True),
            Arithmetic(flag, "+", flag, True),
            Arithmetic(amount, "+", Literal(1), False),
            Choice(((chosen, Literal(1000000)),), Literal(1)),
            Arithmetic(amount, "+", flag, False),
            Choice(((chosen, amount),), Literal(5)),
            Call("greatest", (amount, Literal(1))),
            Call("exp", (amount,)),
            Call("coalesce", (amount, Literal(1))),
            Call("abs", (Arithmetic(flag, "-", Literal(1), True),)),
            Arithmetic(Literal(1), "-", flag, True),
        )
    )
    return with_item(d, point, Aggregate(d.pick(("sum", "avg", "stddev")), (made,)))


@rule("values that are not codes counted distinct", "E-NOT-SUPPORTED")
def _(d: Draw, point: Select):
    value = some(d, point, "amount", "date")
    return value and with_item(d, point, Aggregate("count", (value,), distinct=True))


@rule("distinct codes in subtotals", "E-NOT-SUPPORTED", since="grouping_sets")
def _(d: Draw, point: Select):
    code = some(d, point, "code")
    if not code or not point.grouped or len(point.keys) != 1 or point.keys[0].hidden:
        return None
    subtotals = replace(point, sets=d.pick(("ROLLUP ({all})", "CUBE ({all})")), style="expression")
    return with_item(d, subtotals, Aggregate("count", (code,), distinct=True))


@rule("a pair with a code, or to which a condition adds", "E-ARGUMENT", since="bivariate")
def _(d: Draw, point: Select):
    code, amount = some(d, point, "code", type="int"), some(d, point, "amount")
    if not code or not amount:
        return None
    chosen = Choice(((Form("{} = 201826", (code,)), Literal(1000)),), Literal(1))
    other = d.pick((code, chosen, Arithmetic(amount, "+", Literal(1), False)))
    pair = (amount, other) if d.chance(0.5) else (other, amount)
    return with_item(d, point, Aggregate(d.pick(("corr", "covar_pop", "regr_slope", "regr_sxy")), pair))
