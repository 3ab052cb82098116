"""The release point: an aggregate over rows of persons that no person key keys."""

from dataclasses import dataclass, replace

from aggregates import result
from conditions import MOSTLY, ODD_NUMBERS
from draw import Draw
from filters import filtering
from keys import group_key
from meaning import COUNT, Field, Meaning
from queries import Item, Select
from relations import rows
from rounds import beside_total
from rows import Rows
from tree import Form, Literal, Node

PLAIN = Select.sets


@dataclass(frozen=True)
class Cells:
    """A released result: a query, its columns, and columns that tell its rows apart, where there are some.

    `site` is whose rows they are below the release point, where one count tells how many sites stand behind a cell.
    """

    query: Node
    fields: tuple[Field, ...]
    unique: tuple[str, ...] | None
    site: Node | None = None


def released(d: Draw, depth: int = 2) -> Cells:
    """One release point: totals, groups or distinct values."""
    r = rows(d, depth)
    count = d.weighted(((0, 3), (1, 5), (2, 2.5), (3, 0.5)))
    keys = [(*group_key(d, r.values), d.column()) for _ in range(count if r.values else 0)]
    where = (*r.where, *([filtering(d, r)] if d.chance(0.4) else []))
    if keys and d.chance(0.08):
        return distinct_cells(d, r, keys, where)
    subtotals = len(keys) > 0 and d.has("grouping_sets") and d.chance(0.2)
    if subtotals:
        keys = [k for i, k in enumerate(keys) if k[0] not in [j[0] for j in keys[:i]]]
    results = [(*result(d, r, subtotals), d.column()) for _ in range(d.pick((1, 1, 2, 2, 3)))]
    sets = grouping(d, keys, results) if subtotals else PLAIN
    hidden = len(keys) > 0 and sets == PLAIN and d.chance(0.06)
    if hidden:
        d.tag("hidden group key")
    items = tuple(Item(node, name) for node, _, name in results)
    shown = [(name, m) for _, m, name in keys[int(hidden) :]] + [(name, m) for _, m, name in results]
    query = Select(
        tuple(Item(node, name, hidden and i == 0) for i, (node, _, name) in enumerate(keys)),
        items,
        r.item,
        where,
        grouped=True,
        having=having(d, keys, results),
        point=True,
        sets=sets,
        style=d.pick(("expression", "position", "alias")) if sets == PLAIN else "expression",
    )
    d.tag("total" if not keys else f"{len(keys)} keys" if len(keys) > 1 else "1 key")
    unique = None if hidden or sets != PLAIN else tuple(name for *_, name in keys)
    return Cells(query, tuple(Field("", name, above(m)) for name, m in shown), unique, whose(d, r, query))


def whose(d: Draw, r: Rows, query: Select) -> Node | None:
    """The site of the rows, unless more than one release point stands behind a row of the answer."""
    several = {
        "count codes",
        "having beside a total",
        "compared with a total",
        "frequent codes",
        "codes not among a result",
        "rows joined with a result",
    }
    sites = [f.node for f in r.fields if f.meaning.kind == "site" and not f.meaning.nullable]
    return sites[0] if sites and query.keys and query.sets == PLAIN and not d.tags & several else None


def grouping(d: Draw, keys: list, results: list) -> str:
    """Subtotals; grouping() tells them from cells whose key is NULL."""
    sets = d.pick(
        (
            "ROLLUP ({all})",
            "CUBE ({all})",
            "GROUPING SETS (({all}), ())",
            "GROUPING SETS (({all}), ({first}))",
            "GROUPING SETS (({last}), ({all}), ())",
        )
    )
    d.tag(sets.split(" (")[0].lower())
    if d.chance(0.7):
        d.tag("grouping()")
        node = Form(f"grouping({', '.join(['{}'] * len(keys))})", tuple(node for node, *_ in keys))
        results.append((node, COUNT, d.column()))
    return sets


def above(m: Meaning) -> Meaning:
    """A column of cells: whatever it was, it may be computed with now."""
    return replace(m, kind="released", nullable=True)


def distinct_cells(d: Draw, r: Rows, keys: list, where: tuple[Node, ...]) -> Cells:
    d.tag("distinct cells")
    query = Select((), tuple(Item(node, name) for node, _, name in keys), r.item, where, distinct=True, point=True)
    names = tuple(name for *_, name in keys)
    return Cells(query, tuple(Field("", name, above(m)) for _, m, name in keys), names)


def having(d: Draw, keys: list, results: list) -> tuple[Node, ...]:
    if not d.chance(0.2):
        return ()
    d.tag("having")
    node, m, _ = d.pick(results)
    if d.has("two_round") and m.exact and m.type == "int" and d.chance(0.2):
        return (beside_total(d, node),)
    if m.exact and m.type == "int":
        return (Form(f"{{}} {d.pick(MOSTLY)} {{}}", (node, d.constant(d.pick((0, 1, 2, 3))))),)
    if m.type == "float":
        return (Form(f"{{}} {d.pick('<>')} {{}}", (node, Literal(d.pick(ODD_NUMBERS)))),)
    return (Form("count(*) > {}", (Literal(d.pick((0, 1, 2))),)),)
