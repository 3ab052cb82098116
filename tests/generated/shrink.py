"""Makes a failing statement smaller while it fails in the same way, and writes it down as a named test.

It works on the generator's tree: a part is dropped, or a node gives way to something below it, and what has lost its
table goes too. Whether a candidate still means anything is not asked: one that does not fails in another way.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from queries import Comma, Derived, Join, Select, SetOperation, Table, With
from statements import Statement
from tree import Aggregate, Arithmetic, Call, Cast, Choice, Column, Form, Node, Over, rebuilt

MOST_CHECKS = 400


def shrink(statement: Statement, fails: Callable[[Statement], bool]) -> Statement:
    """The smallest statement on the way down; `fails` asks whether it still fails in the same way."""
    checks = 0
    while True:
        seen = set()
        for query in sorted(set(smaller(statement.query)), key=lambda query: len(text(statement, query))):
            candidate = replace(statement, query=query)
            sql = text(statement, query)
            if sql in seen or len(sql) >= len(text(statement, statement.query)):
                continue
            seen.add(sql)
            checks += 1
            if checks > MOST_CHECKS:
                return statement
            if fails(candidate):
                statement = candidate
                break
        else:
            return statement


def text(statement: Statement, query: Node) -> str:
    return replace(statement, query=query).sql()[0]


def smaller(node: Node) -> Iterator[Node]:
    """Trees that are like this one, but for one thing."""
    for other in own(node):
        yield tidy(other)
    for field in fields(node):
        value = getattr(node, field.name)
        for other in less(value):
            yield tidy(replace(node, **{field.name: other}))


def less(value) -> Iterator:
    if isinstance(value, Node):
        yield from smaller(value)
    elif isinstance(value, tuple):
        for i, part in enumerate(value):
            for other in less(part):
                yield (*value[:i], other, *value[i + 1 :])


def own(node: Node) -> Iterator[Node]:
    """What may stand instead of the node itself."""
    match node:
        case With():
            yield node.body
            for i, (name, query) in enumerate(node.queries):
                yield With(node.queries[:i], query) if i else query
                yield replace(node, queries=node.queries[:i] + node.queries[i + 1 :])
                if sum(isinstance(one, Table) and one.name == name for one in node.within()) == 1:
                    yield inlined(node, i)
        case Select():
            yield from select(node)
        case SetOperation():
            yield from node.parts
            yield replace(node, order=(), limit=None, offset=None)
            if len(node.parts) > 2:
                yield from (replace(node, parts=without(node.parts, i)) for i in range(len(node.parts)))
        case Join():
            yield from (node.left, node.right)
            if len(node.on) > 1:
                yield from (replace(node, on=without(node.on, i)) for i in range(len(node.on)))
            if node.kind:
                yield replace(node, kind="")
        case Comma():
            yield from node.items
        case Form() | Call():
            yield from node.parts if isinstance(node, Form) else node.arguments
        case Arithmetic():
            yield from (node.left, node.right)
        case Choice():
            yield from (then for _, then in node.whens)
            if len(node.whens) > 1:
                yield from (replace(node, whens=without(node.whens, i)) for i in range(len(node.whens)))
            yield replace(node, otherwise=None)
        case Cast():
            yield node.argument
        case Aggregate():
            yield replace(node, where=None, distinct=False)
            yield Aggregate("count", ())
        case Over():
            yield node.function
            yield replace(node, frame="")
            yield from (replace(node, order=without(node.order, i)) for i in range(len(node.order)))


def select(node: Select) -> Iterator[Node]:
    if isinstance(node.source, Derived):
        yield node.source.query
    for name in ("keys", "items", "where", "having", "order"):
        parts = getattr(node, name)
        yield from (replace(node, **{name: without(parts, i)}) for i in range(len(parts)))
    yield replace(node, order=(), limit=None, offset=None)
    yield replace(node, limit=None, offset=None)
    yield replace(node, style="expression", sets=Select.sets)
    yield replace(node, distinct=False)
    yield replace(node, keys=tuple(replace(key, hidden=False) for key in node.keys))


def without(parts: tuple, i: int) -> tuple:
    return (*parts[:i], *parts[i + 1 :])


def inlined(node: With, i: int) -> Node:
    name, query = node.queries[i]
    queries = without(node.queries, i)
    put = lambda one: Derived(query, one.alias) if isinstance(one, Table) and one.name == name else one  # noqa: E731
    whole = rebuilt(With(queries, node.body), put)
    return whole if queries else whole.body


def tidy(node: Node) -> Node:
    """Without what refers to tables or columns that a SELECT has lost."""
    if not isinstance(node, Select) or node.source is None:
        return node
    offered = {}
    for item in node.source.within():
        alias = getattr(item, "alias", None)
        if alias is not None:
            offered[alias] = item.query.names if isinstance(item, Derived) and hasattr(item.query, "names") else None

    def stands(part: Node) -> bool:
        columns = [one for one in part.within() if isinstance(one, Column) and one.table]
        return all(
            one.table in offered and (offered[one.table] is None or one.name in offered[one.table]) for one in columns
        )

    kept = {
        name: tuple(part for part in getattr(node, name) if stands(part))
        for name in ("keys", "items", "where", "having")
    }
    node = replace(node, **kept)
    names = node.names
    return replace(
        node, order=tuple(key for key in node.order if not isinstance(key.key, Column) or key.key.name in names)
    )


def as_test(statement: Statement, name: str) -> str:
    """Ready to be pasted among the cases of named.py."""
    (sql, values), (pooled, _) = statement.sql(), statement.pooled()
    lines = [f'    Case(\n        "{name}",\n        """{sql}"""']
    lines += [f"        {tuple(values)!r}"] if values else []
    lines += ["        ordered=True"] if statement.ordered else []
    lines += [f'        oracle="""{pooled}"""'] if pooled != sql else []
    return ",\n".join(lines) + ",\n    ),"
