"""Policies that are never reached, because an earlier one has decided whatever they match. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from approvals.linting.findings import Finding
from approvals.matching import names_of
from approvals.rulebook.rule import Rule


def lint_order(rules: list[Rule]) -> Iterator[Finding]:
    """A deny is reached wherever it stands."""
    for at, rule in enumerate(rules):
        before = rules[:at] if rule.action == "deny" else [*rules[:at], *_denials(rules[at + 1 :])]
        if rule.action == "deny":
            before = [each for each in before if each.action == "deny"]
        above = next((each for each in before if _decides(each) and _covers(each, rule)), None)
        if above is not None:
            words = f"it is never reached: {above.source} matches all that it matches, and decides."
            yield Finding(rule.name, "shadowed", "match", words)


def _denials(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.action == "deny"]


def _decides(rule: Rule) -> bool:
    return rule.action == "deny" or not (rule.continues or "prior" in names_of(rule))


def _covers(one: Rule, other: Rule) -> bool:
    """True if `one` matches whatever `other` matches, as far as can be told without running conditions."""
    mine, theirs = one.body["match"], other.body["match"]
    if mine.get("when") and mine["when"] != theirs.get("when"):
        return False
    return all(_all_in(theirs.get(key), mine.get(key)) for key in ("types", "senders", "targets"))


def _all_in(patterns: list[str] | None, wider: list[str] | None) -> bool:
    if wider is None:
        return True
    return patterns is not None and all(any(_is_in(each, other) for other in wider) for each in patterns)


def _is_in(pattern: str, wider: str) -> bool:
    return pattern.startswith(wider[:-1]) if wider.endswith("*") else pattern == wider
