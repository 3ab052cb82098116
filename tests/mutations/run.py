"""Switches off one rule of the split after the other and says which tests notice.

    python tests/mutations/run.py [--only TEXT]… [--target DIR]

Works on a copy of the workspace; only `crates/plan` is built anew for each rule. Ends with status 1 where a rule was
switched off and every test still passed. Prints the table of docs/security/proof.md.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rules import RULES, Rule

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("target", ".git", ".venv", "__pycache__")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", action="append", help="rules whose name has this in it; several times for several")
    options.add_argument("--target", type=Path, default=ROOT / "target" / "mutations", help="folder for the builds, of its own: copies of the workspace share names")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "renkei"
        # New times of change: what an earlier run left of a rule that was off must not pass for current.
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT, copy_function=shutil.copy)
        if failed := tests(copy, arguments.target):
            print(f"the tests fail with every rule in force: {failed}", file=sys.stderr)
            return 1
        survivors = [rule.name for rule in RULES if chosen(rule, arguments.only) and not check(rule, copy, arguments.target)]
    for name in survivors:
        print(f"no test notices: {name}", file=sys.stderr)
    return 1 if survivors else 0


def chosen(rule: Rule, only: list[str] | None) -> bool:
    return not only or any(text in rule.name for text in only)


def check(rule: Rule, copy: Path, target: Path) -> bool:
    """Whether a test notices that the rule is off."""
    places = [(rule.file, rule.find, rule.replace), *([rule.also] if rule.also else [])]
    sources = copy / "crates" / "plan" / "src"
    originals = {name: (sources / name).read_text() for name, _, _ in places}
    for name, find, replace in places:
        assert (count := originals[name].count(find)) == 1, f"{rule.name}: the text stands {count} times in {name}"
        (sources / name).write_text(originals[name].replace(find, replace))
    try:
        noticed = tests(copy, target)
    finally:
        for name, original in originals.items():
            (sources / name).write_text(original)
    print(f"| {rule.name} | {', '.join(noticed) or 'NOTHING'} |", flush=True)
    return bool(noticed)


def tests(copy: Path, target: Path) -> list[str]:
    """The tests of the split that fail."""
    command = ["cargo", "test", "--quiet", "--package", "renkei-plan", "--no-fail-fast"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(target), "RUST_BACKTRACE": "0"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if "could not compile" in output:
        raise SystemExit(f"the change does not compile:\n{output[-3000:]}")
    failed = re.findall(r"^---- (\S+) stdout ----", output, flags=re.MULTILINE)
    if done.returncode != 0 and not failed:
        raise SystemExit(f"the tests did not run:\n{output[-3000:]}")
    return sorted(set(failed))


if __name__ == "__main__":
    sys.exit(main())
