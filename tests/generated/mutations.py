"""Statements just outside the language: a generated one, with one thing about it that no statement may have.

Each must be refused, before anything is asked of a hospital, with one of the codes that say so and with a hint. What a
mutation does is one rule of docs/sql.md turned round; where it does not apply to a statement, the next one is taken.
"""

from dataclasses import dataclass

import rules_of_keys  # noqa: F401
import rules_of_names  # noqa: F401
import rules_of_release  # noqa: F401
import rules_of_subqueries  # noqa: F401
from dialect import Dialect
from draw import Draw
from queries import Select, With
from rules import RULES, Rule
from statements import FEATURES, statement
from tree import Node, rebuilt

ATTEMPTS = 2_000


@dataclass(frozen=True)
class Mutant:
    """A statement that must be refused, the rule that it breaks and the codes that say so."""

    seed: int
    rule: str
    sql: str
    values: tuple
    codes: tuple[str, ...]


def mutant(seed: int, features: tuple[str, ...] = FEATURES) -> Mutant:
    """A mutation of some generated statement."""
    d = Draw(seed, features, names=1000)
    rule = d.pick([rule for rule in RULES if rule.applies(features)])
    for attempt in range(ATTEMPTS):
        tree = statement(seed * ATTEMPTS + attempt, features).query
        changed = apply(d, rule, tree)
        if changed is not None:
            text = Dialect("$")
            sql = changed if isinstance(changed, str) else changed.text(text)
            return Mutant(seed, rule.name, sql, tuple(text.values), rule.codes)
    raise AssertionError(f"no statement to which `{rule.name}` applies in {ATTEMPTS}")


def apply(d: Draw, rule: Rule, tree: Node) -> Node | str | None:
    if rule.whole:
        return rule.change(d, tree)
    points = [node for node in tree.within() if isinstance(node, Select) and node.point]
    body = tree.body if isinstance(tree, With) else tree
    if rule.top:
        points = [point for point in points if point is body]
    if not points:
        return None
    point = d.pick(points)
    changed = rule.change(d, point)
    if not changed or changed == point:
        return None
    return rebuilt(tree, lambda node: changed if node == point else node)
