"""Conditions for WHERE: over the columns, or with a subquery where the language has it."""

from conditions import condition
from draw import Draw
from rounds import compared, frequent
from rows import Rows
from subqueries import alternative, among, among_codes, correlated, existing
from tree import Node


def filtering(d: Draw, r: Rows) -> Node:
    # The common column of USING may not stand in WHERE.
    fields = [field for field in r.fields if field.table]
    makers = [(lambda: condition(d, fields), 6)]
    if d.has("subquery") and r.persons:
        makers += [
            (lambda: among_codes(d, fields), 0.5),
            (lambda: among(d, r), 1),
            (lambda: existing(d, r), 1.5),
            (lambda: correlated(d, r), 1),
            (lambda: alternative(d, r), 0.7),
        ]
    if d.has("two_round"):
        makers += [(lambda: compared(d, fields), 1), (lambda: frequent(d, fields), 1)]
    return d.weighted(makers)()
