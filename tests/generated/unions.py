"""Set operations on rows of persons: the same key stands in the same position of every part."""

from amounts import of_kind
from conditions import condition
from draw import Draw
from meaning import Field, either
from queries import Item, Select, SetOperation
from rows import Rows, subquery

COLUMNS = (("code", "int"), ("code", "text"), ("date", "date"), ("amount", "float"), ("amount", "int"))


def united(d: Draw, parts: list[Rows]) -> Rows:
    """UNION, INTERSECT or EXCEPT of rows with a person key and columns of the same types."""
    word = d.weighted((("UNION ALL", 3), ("UNION", 2), ("INTERSECT", 1.5), ("EXCEPT", 1.5)))
    if word in ("INTERSECT", "EXCEPT"):
        parts = parts[:2]
    d.tag(f"{word.lower()} of rows")
    alias = d.alias()
    chosen = [[d.pick(part.persons)] for part in parts]
    for kind, type in d.some(COLUMNS, 0, 2):
        found = [[f for f in of_kind(part.values, kind, type=type) if f.meaning.exact] for part in parts]
        if all(found):
            for one, some in zip(chosen, found):
                one.append(d.pick(some))
    names = ["person_id", *(d.column() for _ in chosen[0][1:])]
    meanings = [one.meaning for one in chosen[0]]
    for other in chosen[1:]:
        meanings = [a if a.kind == "key" else either(a, b.meaning) for a, b in zip(meanings, other)]
    fields = tuple(Field(alias, name, meaning) for name, meaning in zip(names, meanings))
    selects = tuple(
        Select(
            (),
            tuple(Item(f.node, name) for f, name in zip(one, names)),
            part.item,
            (condition(d, list(part.fields)),) if d.chance(0.4) else (),
        )
        for part, one in zip(parts, chosen)
    )
    order = None if word == "UNION ALL" else tuple(field.node for field in fields[1:])
    return subquery(d, SetOperation(word, selects), alias, fields, order)
