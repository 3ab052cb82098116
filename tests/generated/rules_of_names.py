"""Names, functions and forms of statements that are not there."""

import re
from dataclasses import replace

from catalogue import TABLES
from dialect import Dialect
from draw import Draw
from queries import Select, Table
from rules import columns, rule, some, with_where
from tree import Call, Column, Form, Literal, Node, rebuilt


@rule("a column that does not exist or never leaves", "E-COLUMN")
def _(d: Draw, point: Select):
    found = columns(point)
    if not found:
        return None
    alias = d.pick(found)[0].table
    hidden = [node for node, column in found if not column.visible]
    return with_where(
        point, Form("{} IS NOT NULL", (d.pick([Column(alias, "__owner"), Column(alias, "persn_id"), *hidden]),))
    )


@rule("a table that does not exist", "E-TABLE")
def _(d: Draw, point: Select):
    tables = [node for node in point.within() if isinstance(node, Table) and node.name in TABLES]
    if not tables:
        return None
    wrong = replace(tables[0], name=tables[0].name + d.pick(("s", "_x")))
    return rebuilt(point, lambda node: wrong if node == tables[0] else node)


@rule("a function that does not exist", "E-FUNCTION")
def _(d: Draw, point: Select):
    value = some(d, point, "amount")
    return value and with_where(
        point, Form("{} > 1", (Call(d.pick(("random", "power", "sqroot", "md5", "pg_sleep")), (value,)),))
    )


@rule("a code matched by another pattern", "E-NOT-SUPPORTED")
def _(d: Draw, point: Select):
    code = some(d, point, "code", type="text")
    return code and with_where(point, Form("{} LIKE {}", (code, Literal(d.pick(("%E11", "I_D%", "%10%", "I%1%"))))))


@rule("a subquery in a condition", "E-SUBQUERY", until="subquery")
def _(d: Draw, point: Select):
    key = some(d, point, "key")
    return key and with_where(
        point,
        Form(
            d.pick(
                (
                    "{} IN (SELECT d.person_id FROM death d)",
                    "EXISTS (SELECT 1 FROM death d WHERE d.person_id = {})",
                    "{} NOT IN (SELECT d.person_id FROM death d)",
                )
            ),
            (key,),
        ),
    )


@rule("IS DISTINCT FROM that may be read in two ways", "E-SYNTAX")
def _(d: Draw, point: Select):
    code, year = some(d, point, "code", type="int"), some(d, point, "coarse", "amount", type="int")
    word = d.pick(("IS DISTINCT FROM", "IS NOT DISTINCT FROM"))
    return code and year and with_where(point, Form(f"({{}} {word} 0 {d.pick(('AND', 'OR'))} {{}} > 1)", (code, year)))


@rule("one parameter too few", "E-PARAMETER")
def _(d: Draw, point: Select):
    year = some(d, point, "coarse", type="int")
    return year and with_where(point, Form("{} < $99", (year,)))


@rule("vocabulary alone", "E-REFERENCE", "E-SET", whole=True)
def _(d: Draw, tree: Node):
    return d.pick(
        (
            "SELECT count(*) AS n FROM concept",
            "SELECT concept_name FROM concept WHERE domain_id = 'Drug'",
            "SELECT x.n FROM (SELECT count(*) AS n FROM person) x UNION ALL SELECT concept_id FROM concept",
        )
    )


@rule("a site's own table alone", "E-ROWS", whole=True)
def _(d: Draw, tree: Node):
    table = d.pick(("care_site", "provider", "location"))
    return d.pick((f"SELECT count(*) AS n FROM {table}", f"SELECT {table}_id FROM {table}"))


@rule("more than one question", "E-STATEMENT", whole=True)
def _(d: Draw, tree: Node):
    sql = tree.text(Dialect(""))
    return d.pick(
        (
            f"{sql}; SELECT 1",
            f"INSERT INTO person {sql}",
            f"CREATE TABLE t AS {sql}",
            f"EXPLAIN ANALYZE {sql}",
            f"COPY ({sql}) TO 'x.csv'",
            "DELETE FROM person",
            f"{sql} FOR UPDATE",
        )
    )


@rule("a table expression that is not taken", "E-NOT-SUPPORTED", whole=True)
def _(d: Draw, tree: Node):
    return d.pick(
        (
            "SELECT count(*) AS n FROM person TABLESAMPLE BERNOULLI (1)",
            "SELECT * FROM generate_series(1, 9)",
            "SELECT count(*) AS n FROM person p, LATERAL (SELECT 1 FROM death d WHERE d.person_id = p.person_id) x",
            "SELECT * FROM UNNEST([1, 2])",
            "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
        )
    )


@rule("larger than a statement may be", "E-TOO-LARGE", whole=True)
def _(d: Draw, tree: Node):
    sql = tree.text(Dialect(""))
    joined = "".join(f" JOIN death d{i} ON d{i}.person_id = p.person_id" for i in range(13))
    return d.pick(
        (
            f"SELECT count(*) AS n FROM person p{joined}",
            f"SELECT * FROM {'(' * 17}{sql}{')' * 17} x",
            "SELECT count(*) AS n FROM person WHERE true" + " AND true" * 257,
        )
    )


@rule("a text that is damaged", whole=True)
def _(d: Draw, tree: Node):
    """A word dropped, doubled, moved or taken from elsewhere: whatever it means now, it is an answer or a refusal."""
    words = re.findall(r"'(?:[^']|'')*'|[\w.]+|[<>]=|<>|\S", tree.text(Dialect("")))
    for _ in range(d.pick((1, 1, 2))):
        i, j = d.random.randrange(len(words)), d.random.randrange(len(words))
        match d.pick(("drop", "double", "swap", "replace")):
            case "drop":
                del words[i]
            case "double":
                words.insert(i, words[i])
            case "swap":
                words[i], words[j] = words[j], words[i]
            case "replace":
                words[i] = words[j]
    return " ".join(words)
