"""A whole answer: one release point or several, joined or stacked, and the steps above."""

from dataclasses import replace

from cells import Cells, released
from draw import Draw
from meaning import Field
from queries import Item, Join, Select, SetOperation
from steps import STEPS, exact, filtered, ordered, same, select, source
from tree import Form


def result_set(d: Draw) -> Cells:
    """A released result with some steps above it."""
    cells = d.weighted(((lambda: released(d), 8), (lambda: paired(d), 1.3), (lambda: stacked(d), 1)))()
    for _ in range(d.weighted(((0, 6), (1, 3), (2, 1)))):
        cells = d.weighted(STEPS)(d, cells)
    return ordered(d, cells) if d.chance(0.35) else cells


def paired(d: Draw) -> Cells:
    """A join between results, by equal columns."""
    left, right = released(d, 1), released(d, 1)
    if d.chance(0.2):
        right = left
    (a, some), (b, others) = source(d, left), source(d, right)
    pairs = [
        (f, g)
        for f in exact(some)
        for g in exact(others)
        if f.meaning.type == g.meaning.type and f.meaning.type != "bool"
    ]
    if not pairs:
        return left
    kind = d.weighted((("", 4), ("LEFT", 2), ("FULL", 1), ("RIGHT", 1)))
    d.tag("results joined", *(["results joined outer"] if kind else []))
    alike = [(f, g) for f, g in pairs if f.meaning.pool == g.meaning.pool]
    on = tuple(Form("{} = {}", (f.node, g.node)) for f, g in d.some(alike or pairs, 1, d.pick((1, 1, 2))))
    columns = same(some) + [(f.node, f.meaning, d.column()) for f in others]
    unique = None
    if left.unique is not None and right.unique is not None and kind != "FULL":
        renamed = {f.name: name for f, (_, _, name) in zip(others, columns[len(some) :])}
        unique = left.unique + tuple(renamed[name] for name in right.unique)
    return select(columns, Join(kind, a, b, on), unique)


def stacked(d: Draw) -> Cells:
    """UNION, INTERSECT and EXCEPT between results."""
    first, second = released(d, 1), released(d, 1)
    word = d.weighted((("UNION ALL", 4), ("UNION", 1), ("INTERSECT", 1), ("EXCEPT", 1)))
    if word in ("INTERSECT", "EXCEPT") and d.chance(0.6):
        # Two results that have something in common.
        second = filtered(d, first)
    parts = []
    matched = match(d, list(first.fields), list(second.fields), word != "UNION ALL")
    alike = [(f, g) for f, g in matched if f.meaning.pool == g.meaning.pool]
    matched = (alike or matched)[:1] if word == "INTERSECT" else matched
    if not matched:
        return first
    d.tag(f"{word.lower()} of results")
    names = [d.column() for _ in matched]
    for cells, side in ((first, 0), (second, 1)):
        item, fields = source(d, cells)
        by_name = {f.name: f for f in fields}
        parts.append(
            Select((), tuple(Item(by_name[pair[side].name].node, name) for pair, name in zip(matched, names)), item)
        )
    fields = tuple(
        Field("", name, replace(a.meaning, exact=a.meaning.exact and b.meaning.exact))
        for (a, b), name in zip(matched, names)
    )
    return Cells(SetOperation(word, tuple(parts)), fields, None if word == "UNION ALL" else tuple(names))


def match(d: Draw, some: list[Field], others: list[Field], exactly: bool) -> list[tuple[Field, Field]]:
    """Columns of both sides that are of one type, in order."""
    found = []
    for f in some:
        fit = [g for g in others if g.meaning.type == f.meaning.type and not any(g is h for _, h in found)]
        fit = [g for g in fit if not exactly or f.meaning.exact and g.meaning.exact]
        if fit:
            found.append((f, d.pick([g for g in fit if g.meaning.pool == f.meaning.pool] or fit)))
    return found
