"""A rule in words for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nociscope.rules.model import Rule


def rule_lines(rule: Rule) -> Iterator[str]:
    """Yield the lines that show a rule: source, scope, what it says, accuracy."""
    inactive = ", inactive: [rules] named in the settings turns it on" if rule.status == "unverified" else ""
    yield f"{rule.key}: {rule.title}"
    entries = {
        "status": rule.status + inactive,
        "version": rule.version,
        "of it": rule.status_note,
        "citation": rule.citation,
        "doi": f"https://doi.org/{rule.doi}" if rule.doi else "",
        "judges": "one visit" if rule.scope == "visit" else "the first to the last visit",
        "accuracy": rule.accuracy,
        "settings": ", ".join(f"[rules.{rule.key}] {name}" for name in rule.settings),
    }
    for name, text in entries.items():
        if text:
            yield f"  {name + ':':<12}{text}"
    for line in rule.says:
        yield f"    {line}"
