"""Generated statements: a seed in, a statement with its tags out."""

from dataclasses import dataclass, replace

from dialect import Dialect, Pooled
from draw import Draw
from queries import Item, Table, With
from results import result_set
from tree import Aggregate, Node

# Parts of the language that can be left out, by name.
OPTIONAL = ("subquery", "two_round", "grouping_sets", "distinct_keys", "distinct_codes", "bivariate", "percentiles", "code_prefix")
# Those that are asked for.
FEATURES = OPTIONAL[:-1]


@dataclass(frozen=True)
class Statement:
    """A statement of the language. `style` is how parameters look; `site`, where it is known, is the column that tells
    how many sites stand behind a row."""

    seed: int
    query: Node
    tags: frozenset[str]
    style: str
    site: Node | None = None

    @property
    def body(self) -> Node:
        return self.query.body if isinstance(self.query, With) else self.query

    @property
    def ordered(self) -> bool:
        """Whether its rows come in a total order."""
        return bool(getattr(self.body, "order", ()))

    def sql(self) -> tuple[str, list]:
        """Text and parameters for the gateway."""
        dialect = Dialect(self.style)
        return self.query.text(dialect), dialect.values

    def pooled(self) -> tuple[str, list]:
        """The same for the oracle."""
        dialect = Pooled()
        return self.query.text(dialect), dialect.values

    def counting_sites(self) -> tuple[str, list] | None:
        """The same with one more column, the number of sites behind each row."""
        if self.site is None:
            return None
        dialect, item = Pooled(), Item(Aggregate("count", (self.site,), distinct=True), "renkei_sites")
        body = replace(self.body, items=(*self.body.items, item))
        return (replace(self.query, body=body) if isinstance(self.query, With) else body).text(dialect), dialect.values


def statement(seed: int, features: tuple[str, ...] = FEATURES) -> Statement:
    d = Draw(seed, features)
    cells = result_set(d)
    named = used(tuple((name, query) for name, query, _ in d.named), cells.query)
    query = With(named, cells.query) if named else cells.query
    return Statement(seed, query, frozenset(d.tags), d.pick("?$"), cells.site)


def used(named: tuple[tuple[str, Node], ...], body: Node) -> tuple[tuple[str, Node], ...]:
    """Of the names of WITH, those that the body or another of them needs."""
    needed, kept = names_in(body), []
    for name, query in reversed(named):
        if name in needed:
            needed |= names_in(query)
            kept.append((name, query))
    return tuple(reversed(kept))


def names_in(node: Node) -> set[str]:
    return {one.name for one in node.within() if isinstance(one, Table)}
