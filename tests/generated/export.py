"""Writes generated statements to standard output, one on each line, for the walk over every plan in crates/plan.

python tests/generated/export.py --seed 1 --count 10000 > statements.sql
RENKEI_STATEMENTS=$PWD/statements.sql cargo test -p renkei-plan --test main nothing_that_leaves
"""

import argparse

from run import STRIDE
from statements import statement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="where the statements begin")
    parser.add_argument("--count", type=int, default=10_000, help="statements to write")
    arguments = parser.parse_args()
    for one in range(arguments.seed * STRIDE, arguments.seed * STRIDE + arguments.count):
        print(" ".join(statement(one).sql()[0].split()))


if __name__ == "__main__":
    main()
