"""Asks generated statements, counts them, and shrinks what fails.

RENKEI_BIN_DIR=<target>/debug python tests/generated/run.py --seed 1 --count 10000
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import held
from check import Outcome, check, refused
from hospitals import PROJECTS, THREADS, Hospitals, binaries
from mutations import mutant
from shrink import as_test, shrink
from statements import FEATURES, Statement, statement
from summary import Summary

STRIDE = 1_000_003


@dataclass(frozen=True)
class Failure:
    """A statement that failed, as small as it could be made."""

    project: str
    statement: Statement
    outcome: Outcome

    def text(self) -> str:
        sql, values = self.statement.sql()
        outcome = self.outcome
        return "\n".join(
            filter(None, (f"{outcome.kind} {outcome.code} {outcome.text}", outcome.log, sql, str(values or "")))
        )


def project_of(seed: int) -> str:
    return random.Random(seed).choices(list(PROJECTS), [weight for _, weight in PROJECTS.values()])[0]


def spread(work: Callable[[int], None], seeds: Iterable[int], threads: int) -> None:
    """Does the work for every seed, on some threads with connections of their own."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, seeds))


class Run:
    """Asks statements and mutations and keeps count."""

    def __init__(
        self, hospitals: Hospitals, features: tuple[str, ...] = FEATURES, threads: int = THREADS, progress: bool = False
    ):
        self.hospitals, self.features, self.threads, self.progress = hospitals, features, threads, progress
        self.summary = Summary()
        self.failures: list[Failure] = []
        self.held_failures: list[Failure] = []
        self.lock = threading.Lock()

    def statements(self, seed: int, count: int) -> None:
        begun = time.monotonic()
        spread(self._ask, range(seed * STRIDE, seed * STRIDE + count), self.threads)
        self.summary.seconds += time.monotonic() - begun

    def mutations(self, seed: int, count: int) -> list[str]:
        """Mutations that were not refused as they should be."""
        wrong: list[str] = []

        def ask(one: int) -> None:
            made = mutant(one, self.features)
            outcome = refused(self.hospitals, "open", made)
            with self.lock:
                self.summary.add_mutation(made.rule, outcome.code or "answered")
                if not outcome.good:
                    wrong.append(f"{made.rule} (seed {one}): {outcome.code} {outcome.text}\n{made.sql}\n")

        spread(ask, range(seed * STRIDE, seed * STRIDE + count), self.threads)
        return wrong

    def held(self, seed: int, count: int) -> Counter:
        """Asks statements of which sites hold parts; returns what the answers had to do with."""
        seen, begun = Counter(), time.monotonic()

        def ask(one: int) -> None:
            mine = Counter()
            project, made, outcome = held.check(self.hospitals, one, mine)
            with self.lock:
                seen.update(mine)
                if not outcome.good:
                    self.held_failures.append(Failure(project, made, outcome))

        spread(ask, range(seed * STRIDE, seed * STRIDE + count), self.threads)
        self.summary.held, self.summary.held_seconds = seen, time.monotonic() - begun
        return seen

    def _ask(self, seed: int) -> None:
        project, made = project_of(seed), statement(seed, self.features)
        outcome = check(self.hospitals, project, made)
        with self.lock:
            self.summary.add(project, made.tags, outcome.kind, outcome.live)
            if not outcome.good:
                self.failures.append(Failure(project, made, outcome))
            if self.progress and self.summary.asked % 500 == 0:
                print(f"{self.summary.asked} asked, {len(self.failures)} failed", file=sys.stderr)

    def distinct(self) -> list[Failure]:
        """One failure of each sort."""
        kept: list[Failure] = []
        for failure in sorted(self.failures, key=lambda failure: len(failure.statement.sql()[0])):
            if not any(failure.outcome.like(other.outcome) for other in kept):
                kept.append(failure)
        return kept

    def shrunk(self, failure: Failure) -> Failure:
        again = lambda smaller: check(self.hospitals, failure.project, smaller).like(failure.outcome)  # noqa: E731
        small = shrink(failure.statement, again)
        return Failure(failure.project, small, check(self.hospitals, failure.project, small))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="where the statements begin")
    parser.add_argument("--count", type=int, default=10_000, help="statements to ask")
    parser.add_argument("--mutations", type=int, default=1_000, help="mutations to ask")
    parser.add_argument("--held", type=int, default=500, help="statements to ask whose answers have held parts")
    parser.add_argument("--features", default=",".join(FEATURES), help="parts of the language, with commas")
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--shrink", type=int, default=10, help="failures to shrink, one of each sort")
    parser.add_argument("--only", type=int, help="ask one statement by its own seed, and show it")
    arguments = parser.parse_args()
    features = tuple(filter(None, arguments.features.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        hospitals = Hospitals(Path(folder), binaries()).start()
        try:
            run = Run(hospitals, features, arguments.threads, progress=True)
            if arguments.only is not None:
                return show(run, arguments.only)
            run.statements(arguments.seed, arguments.count)
            wrong = run.mutations(arguments.seed, arguments.mutations)
            run.held(arguments.seed, arguments.held)
            print(run.summary.text())
            for failure in run.held_failures[:20]:
                print(f"\nHELD, AND WRONG ({failure.project}, {failure.statement.seed}): {failure.text()}")
            for text in wrong[:20]:
                print(f"\nNOT REFUSED AS IT SHOULD BE: {text}")
            for failure in run.distinct()[: arguments.shrink]:
                small = run.shrunk(failure)
                print(f"\nFAILED ({failure.statement.seed}): {small.text()}")
                print(as_test(small.statement, f"generated {failure.statement.seed}"))
            return 1 if wrong or run.failures or run.held_failures else 0
        finally:
            hospitals.stop()


def show(run: Run, seed: int) -> int:
    made, project = statement(seed, run.features), project_of(seed)
    outcome = check(run.hospitals, project, made)
    print(made.sql(), made.pooled(), project, outcome, sep="\n\n")
    if not outcome.good:
        print(run.shrunk(Failure(project, made, outcome)).text())
    return 0 if outcome.good else 1


if __name__ == "__main__":
    sys.exit(main())
