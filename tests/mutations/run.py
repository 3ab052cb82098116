"""Switches off one rule of the split after the other and says which tests notice.

    python tests/mutations/run.py [--only TEXT]… [--target DIR]

Works on a copy of the workspace that is built once, with a switch for each rule (`switches.py`); then the tests of
`plan` run once for each rule that is off. Ends with status 1 where a rule was off and every test still passed. Prints
the table of docs/security/proof.md.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import switches
from rules import RULES

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("target", ".git", ".venv", "__pycache__")
BUILD = ["cargo", "test", "--package", "renkei-plan", "--lib", "--test", "main", "--no-run"]
# Texts that nobody means, and how soon they are refused, are no rule of the split; the walk of every plan takes as long
# as all other tests together, and believes in no rule of its own.
LEFT_OUT_TESTS = ["limits::", "mutated::", "leaves::nothing_that_leaves"]
LONGEST = 300
ENDED = "the run itself, which did not end as it should"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", action="append", help="rules whose name has this in it; several times for several")
    options.add_argument("--target", type=Path, default=ROOT / "target" / "mutations", help="folder for the builds")
    arguments = options.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    # Beside the builds, so that settings which hold for the workspace's folder hold for the copy.
    with tempfile.TemporaryDirectory(dir=ROOT / "target" if (ROOT / "target").is_dir() else None) as folder:
        copy = Path(folder) / "renkei"
        # New times of change: what an earlier run left must not pass for current.
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, copy_function=shutil.copy)
        switches.install(copy / "crates" / "plan" / "src")
        programs = build(copy, arguments.target)
        if failed := tests(programs, copy, None):
            print(f"the tests fail with every rule in force: {failed}", file=sys.stderr)
            return 1
        print(f"built and passed with every rule in force in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        survivors = []
        only = arguments.only or [""]
        chosen = [(number, rule) for number, rule in enumerate(RULES) if any(text in rule.name for text in only)]
        for number, rule in chosen:
            noticed = tests(programs, copy, number)
            print(f"| {rule.name} | {', '.join(noticed) or 'NOTHING'} |", flush=True)
            survivors += [] if noticed else [rule.name]
    print(f"{len(chosen)} rules in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    for name in survivors:
        print(f"no test notices: {name}", file=sys.stderr)
    return 1 if survivors else 0


def build(copy: Path, target: Path) -> list[str]:
    """The programs of the tests."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    command = [*BUILD, "--message-format", "json-render-diagnostics"]
    done = subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit("the copy with its switches does not compile")
    artifacts = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    programs = [one["executable"] for one in artifacts if one.get("executable")]
    assert len(programs) == 2, programs
    return programs


def tests(programs: list[str], copy: Path, off: int | None) -> list[str]:
    """The tests of the split that fail."""
    environment = os.environ | {"RUST_BACKTRACE": "0"} | ({} if off is None else {switches.VARIABLE: str(off)})
    failed: set[str] = set()
    for program in programs:
        command = [program, "--quiet", *(word for test in LEFT_OUT_TESTS for word in ("--skip", test))]
        folder = copy / "crates" / "plan"
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST
            )
        except subprocess.TimeoutExpired:
            failed.add(ENDED)
            continue
        found = re.findall(r"^---- (\S+) stdout ----", done.stdout, flags=re.MULTILINE)
        failed.update(found if found or done.returncode == 0 else [ENDED])
    return sorted(failed)


if __name__ == "__main__":
    sys.exit(main())
