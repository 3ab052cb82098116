"""Relations of persons below the release point, put together from all that the language has for them."""

from amounts import number
from catalogue import TABLES
from conditions import condition
from draw import Draw
from filters import filtering
from joins import joined
from keys import group_key
from personal import distinct, per_event, per_person
from queries import Table
from references import placed, referred
from rounds import beside_result
from rows import Rows, again, closed, projected, table
from subqueries import own_aggregate
from unions import united
from windows import windowed

DEPTH = 2
MOST_TABLES = 7


def rows(d: Draw, depth: int = DEPTH) -> Rows:
    """Some relation of persons."""
    if depth <= 0 or d.tables >= MOST_TABLES:
        return again(d) if d.named and d.chance(0.2) else table(d)
    deeper = lambda: closed_rows(d, depth - 1)  # noqa: E731
    maker = d.weighted(
        (
            (lambda: table(d), 3),
            (lambda: filtered(d, rows(d, depth - 1)), 2),
            (lambda: joined(d, deeper(), deeper()), 4),
            (lambda: joined(d, *twins(d, deeper())), 1.5),
            (lambda: per_person(d, rows(d, depth - 1)), 3),
            (lambda: per_event(d, rows(d, depth - 1)), 0.7),
            (lambda: windowed(d), 2.5),
            (lambda: united(d, [deeper() for _ in range(d.pick((2, 2, 3)))]), 1.5),
            (lambda: referred(d, deeper()), 2.5),
            (lambda: placed(d, deeper()), 1.2),
            (lambda: distinct(d, rows(d, depth - 1)), 1),
            (lambda: again(d), 4 if d.named else 0),
            (lambda: beside_result(d, deeper()), 1.5 if d.has("two_round") else 0),
        )
    )
    return maker()


def closed_rows(d: Draw, depth: int) -> Rows:
    """A relation that can stand in a join: it has a person key that is never NULL."""
    r = rows(d, depth)
    return closed(d, r if r.persons else table(d))


def twins(d: Draw, left: Rows) -> tuple[Rows, Rows]:
    """A relation and another one whose columns have the same names."""
    d.tag("join with itself")
    name = left.item.name.removeprefix("cdm.") if isinstance(left.item, Table) else ""
    right = table(d, name if name in TABLES else None)
    return (left, right) if d.chance(0.5) else (right, left)


def filtered(d: Draw, r: Rows) -> Rows:
    if not r.persons:
        return r
    d.tag("subquery in FROM")
    computed = []
    if d.chance(0.4) and (made := number(d, r.values, condition=condition)) is not None:
        computed.append(made)
    if d.has("subquery") and d.chance(0.2):
        d.tag("correlated aggregate in SELECT")
        computed.append(own_aggregate(d, r))
    if r.values and d.chance(0.4):
        computed.append(group_key(d, r.values))
    return projected(d, r, computed, (filtering(d, r),) if d.chance(0.8) else ())
