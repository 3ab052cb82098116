"""All rules in one build: a copy of each function that a rule stands in, without the rule, and a switch at its head.

A function of `crates/plan/src` is found by its first and last line, as rustfmt writes them. Its copy has the rule's
change and another name; at the head of the original stands `if off::rule(12) { return name_off12(…); }`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from rules import RULES, Rule

VARIABLE = "RENKEI_RULE_OFF"
# Which rule is off, looked up once.
MODULE = f"""//! Which rule of the split is off.

pub(crate) fn rule(number: usize) -> bool {{
    static OFF: std::sync::OnceLock<Option<usize>> = std::sync::OnceLock::new();
    *OFF.get_or_init(|| std::env::var("{VARIABLE}").ok()?.parse().ok()) == Some(number)
}}
"""
BEGIN = re.compile(r"^(?P<indent> *)(?:pub(?:\([^)]*\))? )?fn (?P<name>\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """Where a function stands in a file: from its first line to its last, with the place behind the opening brace."""

    begin: int
    body: int
    end: int
    indent: str
    name: str
    parameters: tuple[str, ...]


def install(sources: Path, rules: list[Rule] = RULES) -> None:
    """Puts every rule's switch into the files of `crates/plan/src`."""
    changes: dict[str, list[tuple[int, int, str]]] = {}
    for number, rule in enumerate(rules):
        for name, find, replace in places(rule):
            text = (sources / name).read_text()
            assert (count := text.count(find)) == 1, f"{rule.name}: the text stands {count} times in {name}"
            function = enclosing(text, text.index(find), text.index(find) + len(find), f"{rule.name}, {name}")
            changes.setdefault(name, []).extend(switched(text, function, number, find, replace))
    for name, inserted in changes.items():
        text = (sources / name).read_text()
        # From behind, so that the places before stay where they are.
        for at, _, piece in sorted(inserted, reverse=True):
            text = text[:at] + piece + text[at:]
        (sources / name).write_text(text)
    (sources / "off.rs").write_text(MODULE)
    library = (sources / "lib.rs").read_text()
    head = "#![allow(warnings)]\n\nmod off;\nmod "
    (sources / "lib.rs").write_text(re.sub(r"^mod ", head, library, count=1, flags=re.MULTILINE))


def places(rule: Rule) -> list[tuple[str, str, str]]:
    return [(rule.file, rule.find, rule.replace), *([rule.also] if rule.also else [])]


def switched(text: str, function: Function, number: int, find: str, replace: str) -> list[tuple[int, int, str]]:
    """What is inserted for one rule: the switch, and the function without the rule."""
    name = f"{function.name}_off{number}"
    this, *others = function.parameters or ("",)
    if this == "self":
        call = f"self.{name}({', '.join(others)})"
    else:
        inside = "Self::" if function.indent else ""
        call = f"{inside}{name}({', '.join(function.parameters)})"
    switch = f"\n{function.indent}    if crate::off::rule({number}) {{ return {call}; }}"
    without = text[function.begin : function.end].replace(find, replace)
    without = without.replace(f"fn {function.name}", f"fn {name}", 1)
    return [(function.body, number, switch), (function.end, number, f"\n\n{without}")]


def enclosing(text: str, begin: int, end: int, what: str) -> Function:
    """The innermost function around a place."""
    for match in reversed([match for match in BEGIN.finditer(text) if match.start() <= begin]):
        indent = match["indent"]
        last = re.compile(rf"^{indent}}}$", re.MULTILINE).search(text, match.end())
        if last is not None and last.end() >= end:
            break
    else:
        raise SystemExit(f"{what}: stands in no function")
    if indent:
        head = [line for line in text[: match.start()].splitlines() if line.startswith("impl")][-1]
        assert " for " not in head, f"{what}: a method of a trait has no copy: {head}"
    opened = generics(text, match.end())
    closed = closing(text, opened, "(", ")")
    body = text.index("{\n", closed) + 1
    parameters = tuple(argument(part) for part in parts(text[opened + 1 : closed - 1]))
    return Function(match.start(), body, last.end(), indent, match["name"], parameters)


def generics(text: str, at: int) -> int:
    """The place behind `<…>`, where the function has some."""
    return closing(text, at, "<", ">") if text[at] == "<" else at


def closing(text: str, at: int, opens: str, closes: str) -> int:
    """The place behind what closes the sign that stands there."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == opens) - (text[i] == closes and text[i - 1] != "-")
        if depth == 0:
            return i + 1
    raise SystemExit("a parenthesis stays open")


def parts(parameters: str) -> list[str]:
    """Parameters, cut at the commas between them."""
    found, depth, begin = [], 0, 0
    for i, sign in enumerate(parameters):
        depth += (sign in "([{<") - (sign in ")]}" or sign == ">" and parameters[i - 1] != "-")
        if sign == "," and depth == 0:
            found.append(parameters[begin:i])
            begin = i + 1
    return [part.strip() for part in (*found, parameters[begin:]) if part.strip()]


def argument(parameter: str) -> str:
    """What is handed on: the name, or the pattern put together again."""
    if re.fullmatch(r"(?:&(?:'\w+ )?)?(?:mut )?self", parameter):
        return "self"
    pattern = parameter[: re.search(r":(?!:)", parameter.replace("::", "__")).start()]
    return re.sub(r"\bmut ", "", pattern)
