"""What a run asked: statements by part of the language, how many had something to say, refusals by code.

A proof over empty answers proves nothing, so both are asserted: a good share of the answers has a row with something
other than 0 and NULL in it, and each part of the language occurs often.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

LEAST_LIVE = 0.6
LEAST_SHARE = 0.0005


@dataclass
class Summary:
    asked: int = 0
    live: int = 0
    outcomes: Counter = field(default_factory=Counter)
    tags: Counter = field(default_factory=Counter)
    live_tags: Counter = field(default_factory=Counter)
    projects: Counter = field(default_factory=Counter)
    codes: Counter = field(default_factory=Counter)
    mutations: Counter = field(default_factory=Counter)
    seconds: float = 0.0
    # Of statements whose answers have held parts.
    held: Counter = field(default_factory=Counter)
    held_seconds: float = 0.0

    def add(self, project: str, tags: Iterable[str], kind: str, live: bool) -> None:
        self.asked += 1
        self.live += live
        self.outcomes[kind] += 1
        self.projects[project] += 1
        self.tags.update(tags)
        if live:
            self.live_tags.update(tags)

    def add_mutation(self, name: str, code: str) -> None:
        self.mutations[name] += 1
        self.codes[code] += 1

    def thin(self) -> list[str]:
        """Parts of the language that this run says too little about."""
        least = max(1, int(self.asked * LEAST_SHARE))
        return sorted(
            f"{tag}: {self.live_tags[tag]} of {count}"
            for tag, count in self.tags.items()
            if self.live_tags[tag] < least
        )

    def text(self) -> str:
        lines = [
            f"{self.asked} statements in {self.seconds:.0f} s, {1000 * self.seconds / max(1, self.asked):.1f} ms each: "
            + ", ".join(f"{count} {kind}" for kind, count in self.outcomes.most_common()),
            f"with something to say: {self.live} ({100 * self.live / max(1, self.asked):.0f} %)",
            "by project: " + listed(self.projects),
            "by part of the language, and of these with something to say:",
            *(f"  {tag:32} {count:6} {self.live_tags[tag]:6}" for tag, count in self.tags.most_common()),
        ]
        if self.mutations:
            lines.append(f"{sum(self.mutations.values())} mutations, refused with: " + listed(self.codes))
            lines.extend(f"  {name:48} {count:5}" for name, count in sorted(self.mutations.items()))
        if self.held:
            lines.append(f"with held parts, in {self.held_seconds:.0f} s: " + listed(self.held))
        return "\n".join(lines)


def listed(counts: Counter) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
