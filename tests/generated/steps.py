"""Steps above a release point, which run at the gateway: on cells, which are rows like any others."""

from dataclasses import replace

from cells import Cells
from conditions import MOSTLY, ODD_NUMBERS
from draw import Draw
from meaning import COUNT, Field, Meaning
from queries import Derived, Item, Select, Table
from tree import Aggregate, Arithmetic, Call, Cast, Choice, Form, Literal, Node, Order, Over


def source(d: Draw, cells: Cells) -> tuple[Node, list[Field]]:
    """The cells as an item of FROM with an alias."""
    alias = d.alias()
    fields = [replace(field, table=alias) for field in cells.fields]
    if d.chance(0.4):
        d.tag("result under with")
        name = f"w{d.number()}"
        d.named.append((name, cells.query, None))
        return Table(name, alias), fields
    return Derived(cells.query, alias), fields


def exact(fields: list[Field], *types: str) -> list[Field]:
    return [f for f in fields if f.meaning.exact and (not types or f.meaning.type in types)]


def same(fields: list[Field]) -> list[tuple[Node, Meaning, str]]:
    return [(field.node, field.meaning, field.name) for field in fields]


def select(columns: list[tuple[Node, Meaning, str]], item: Node, unique: tuple[str, ...] | None, **clauses) -> Cells:
    query = Select((), tuple(Item(node, name) for node, _, name in columns), item, **clauses)
    return Cells(query, tuple(Field("", name, m) for _, m, name in columns), unique)


# Steps.


def computed(d: Draw, cells: Cells) -> Cells:
    """Ratios and other columns made of columns."""
    item, fields = source(d, cells)
    columns = same(fields)
    for _ in range(d.pick((1, 2))):
        columns.append((*computation(d, fields), d.column()))
    return select(columns, item, cells.unique)


def computation(d: Draw, fields: list[Field]) -> tuple[Node, Meaning]:
    numbers = [f for f in fields if f.meaning.numeric]
    if not numbers:
        d.tag("default for NULL")
        field = d.pick(fields)
        return Form("({} IS NULL)", (field.node,)), Meaning("released", "bool")
    a, b = d.pick(numbers), d.pick(numbers)
    rough = Meaning("released", "float", nullable=True, exact=False)
    match d.pick(("ratio", "percent", "whole", "plus", "default", "case", "cast", "shift")):
        case "percent":
            d.tag("ratio")
            return Arithmetic(Arithmetic(Literal(100.0), "*", a.node, False), "/", b.node, False), rough
        case "whole" if a.meaning.whole and b.meaning.whole:
            d.tag("integer division of results")
            return Arithmetic(a.node, d.pick(("/", "%")), b.node, True), replace(rough, type="int", exact=True)
        case "plus" if a.meaning.exact and b.meaning.exact:
            whole = a.meaning.whole and b.meaning.whole
            return Arithmetic(a.node, d.pick("+-"), b.node, whole), replace(
                rough, type="int" if whole else "float", exact=whole
            )
        case "default":
            d.tag("default for NULL")
            return Call("coalesce", (a.node, Literal(0))), a.meaning
        case "case" if a.meaning.exact:
            label = Choice(((Form("{} > {}", (a.node, Literal(2))), Literal("many")),), Literal("few"))
            return label, Meaning("released", "text", pool=("many", "few"))
        case "cast" if a.meaning.whole and a.meaning.exact:
            return Cast(a.node, "VARCHAR"), Meaning("released", "text", nullable=True)
        case "shift":
            return Arithmetic(a.node, "+", Literal(1), a.meaning.whole), a.meaning
    d.tag("ratio")
    return Arithmetic(Arithmetic(Literal(1.0), "*", a.node, False), "/", b.node, False), rough


def ranked(d: Draw, cells: Cells) -> Cells:
    """Windows over cells."""
    item, fields = source(d, cells)
    integers, keys = exact(fields, "int"), exact(fields)
    unique = None if cells.unique is None else [f for f in fields if f.name in cells.unique]
    partition = (d.pick(keys).node,) if keys and d.chance(0.3) else ()
    if not integers:
        return cells
    d.tag("window over cells")
    field = d.pick(integers)
    by = (Order(field.node, d.chance(0.5)),)
    whole = Meaning("released", "int", nullable=True)
    options = [
        ((Over(Form(f"{d.pick(('rank', 'dense_rank'))}()", ()), partition, by), COUNT), 1),
        ((Over(Aggregate("sum", (field.node,)), partition), whole), 1),
        ((Over(Aggregate("sum", (field.node,)), partition, by), whole), 1),
        ((Over(Aggregate("max", (field.node,)), partition), whole), 0.5),
        ((share(field, partition), replace(whole, type="float", exact=False)), 1),
    ]
    if unique is not None:
        total = by + tuple(Order(f.node) for f in unique)
        options.append(((Over(Form("row_number()", ()), partition, total), whole), 1))
        options.append(((Over(Form("lag({})", (field.node,)), partition, total), whole), 1))
    node, meaning = d.weighted(options)
    return select([*same(fields), (node, replace(meaning, kind="released"), d.column())], item, cells.unique)


def share(field: Field, partition: tuple[Node, ...]) -> Node:
    total = Over(Aggregate("sum", (field.node,)), partition)
    return Arithmetic(Arithmetic(Literal(1.0), "*", field.node, False), "/", total, False)


def gathered(d: Draw, cells: Cells) -> Cells:
    """An aggregate over cells, by one of their columns or of all."""
    item, fields = source(d, cells)
    numbers, keys = exact(fields, "int"), exact(fields)
    if not numbers:
        return cells
    d.tag("aggregate over cells")
    key = d.pick(keys) if keys and d.chance(0.5) else None
    items = []
    for _ in range(d.pick((1, 2, 3))):
        field = d.pick(numbers)
        name = d.pick(("max", "min", "sum", "avg", "count", "stars", "distinct"))
        exactly = Meaning("released", "int", nullable=True)
        if name == "stars":
            items.append((Aggregate("count", ()), exactly, d.column()))
        elif name == "distinct":
            items.append((Aggregate("count", (d.pick(keys).node,), distinct=True), exactly, d.column()))
        else:
            meaning = replace(exactly, type="float", exact=False) if name == "avg" else exactly
            items.append((Aggregate(name, (field.node,)), meaning, d.column()))
    shown = [] if key is None else [(key.node, key.meaning, d.column())]
    query = Select(
        tuple(Item(node, name) for node, _, name in shown),
        tuple(Item(node, name) for node, _, name in items),
        item,
        grouped=True,
        style=d.pick(("expression", "position")),
    )
    fields = tuple(Field("", name, m) for _, m, name in [*shown, *items])
    return Cells(query, fields, tuple(name for *_, name in shown))


def filtered(d: Draw, cells: Cells) -> Cells:
    item, fields = source(d, cells)
    d.tag("filter over cells")
    field = d.pick(fields)
    m = field.meaning
    if m.type == "int" and m.exact:
        where = Form(f"{{}} {d.pick(MOSTLY)} {{}}", (field.node, d.constant(d.pick((0, 1, 2, 3)))))
    elif m.type == "float":
        where = Form(f"{{}} {d.pick('<>')} {{}}", (field.node, Literal(d.pick(ODD_NUMBERS))))
    else:
        where = Form(d.pick(("{} IS NOT NULL", "{} IS NOT NULL", "{} IS NULL")), (field.node,))
    return select(same(fields), item, cells.unique, where=(where,))


def unlike(d: Draw, cells: Cells) -> Cells:
    """DISTINCT over results."""
    item, fields = source(d, cells)
    kept = exact(fields)
    if not kept:
        return cells
    d.tag("distinct results")
    kept = d.some(kept, 1, 2)
    return select(same(kept), item, tuple(f.name for f in kept), distinct=True)


def limited(d: Draw, cells: Cells) -> Cells:
    """ORDER BY and LIMIT inside, with a total order."""
    made = ordered(d, cells)
    if made is cells or made.query.limit is None:
        return cells
    d.tag("limit inside")
    item, fields = source(d, made)
    return select(same(fields), item, made.unique)


def ordered(d: Draw, cells: Cells) -> Cells:
    """The cells in a total order, some of them."""
    if cells.unique is None or getattr(cells.query, "order", None) != ():
        return cells
    names = {field.name: field for field in cells.fields}
    first = [f for f in exact(list(cells.fields), "int", "text", "bool") if f.name not in cells.unique]
    keys = ([d.pick(first)] if first and d.chance(0.6) else []) + [names[name] for name in cells.unique]
    if not keys:
        return cells
    d.tag("order by")
    order = tuple(Order(key.node, d.chance(0.4)) for key in keys)
    limit, offset = None, None
    if d.chance(0.6):
        d.tag("limit")
        limit, offset = d.pick((1, 2, 3, 5, 10)), d.pick((None, None, None, 1, 2))
    # The same cells: a LIMIT does not change who stands behind one.
    return replace(cells, query=replace(cells.query, order=order, limit=limit, offset=offset))


STEPS = ((computed, 3), (ranked, 2), (gathered, 2), (filtered, 2), (unlike, 0.7), (limited, 1.5))
