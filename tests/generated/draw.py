"""Seeded choices: the same seed makes the same statement in every run and under every hash seed."""

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

from tree import Literal, Node, Parameter

T = TypeVar("T")


class Draw:
    """Randomness, names and tags of one statement.

    A tag names a part of the language that the statement uses; the summary counts statements by tag.
    """

    def __init__(self, seed: int, features: Iterable[str] = (), names: int = 0):
        self.random = random.Random(seed)
        self.features = frozenset(features)
        self.tags: set[str] = set()
        self.named: list = []
        self.parameters = self.chance(0.15)
        self.numbers = names
        self.tables = 0

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        return self.random.choice(options)

    def weighted(self, options: Iterable[tuple[T, float]]) -> T:
        options = list(options)
        return self.random.choices([option for option, _ in options], [weight for _, weight in options])[0]

    def some(self, options: Sequence[T], least: int, most: int) -> list[T]:
        """Some of the options, in their order."""
        count = min(self.random.randint(least, most), len(options))
        return [options[i] for i in sorted(self.random.sample(range(len(options)), count))]

    def has(self, feature: str) -> bool:
        return feature in self.features

    def tag(self, *names: str) -> None:
        self.tags.update(names)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def alias(self) -> str:
        return f"t{self.number()}"

    def column(self) -> str:
        return f"c{self.number()}"

    def constant(self, value, constant: bool = False) -> Node:
        """A literal, or a parameter where the statement has some and its type is plain from the other side."""
        if constant or not self.parameters or value is None or not self.chance(0.5):
            return Literal(value)
        self.tag("parameter")
        return Parameter(value, self.number())
