"""Whether the people of a gate can do what it asks of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from approvals.conduct import leaves_out_earlier_approvers
from approvals.directory import label
from approvals.linting.findings import Finding, Known
from approvals.rulebook.rule import Rule

SCHEDULE = "schedule:"


def lint_people(rule: Rule, known: Known) -> Iterator[Finding]:
    """Counts that cannot be met, names that mean nobody, schedules with holes, approvers who are used up."""
    for number, gate in enumerate(rule.gates):
        place = f"gates[{number}]"
        for at, line in enumerate(gate["requirement"]):
            yield from _line(rule, line, f"{place}.requirement[{at}]", known)
        for key in ("inform", "escalate_to"):
            yield from _nobody(rule, gate.get(key) or [], f"{place}.{key}", known)
        if leaves_out_earlier_approvers(gate):
            yield from _used_up(rule, number, known)


def _line(rule: Rule, line: dict[str, Any], place: str, known: Known) -> Iterator[Finding]:
    able = known.count(line["who"])
    if able < line["need"]:
        words = f"{line['need']} of {label(line['who'])} cannot agree: only {able} may decide by now."
        yield Finding(rule.name, "too_few_people", place, f"{words} Intents are refused until an admin adds people.")
    else:
        yield from _nobody(rule, line["who"], place, known)
    for name in line["who"]:
        if name in known.holes:
            hole = f"{known.holes[name]:%d %B, %H:%M} UTC"
            yield Finding(rule.name, "schedule_hole", place, f"{name} has nobody on call at {hole}.")


def _nobody(rule: Rule, names: list[str], place: str, known: Known) -> Iterator[Finding]:
    for name in names:
        if known.count([name]) == 0:
            yield Finding(rule.name, "means_nobody", place, f"{name} means nobody who is active here.")


def _used_up(rule: Rule, number: int, known: Known) -> Iterator[Finding]:
    """At worst everybody who says yes before is of those who are needed here."""
    earlier = [line for gate in rule.gates[:number] for line in gate["requirement"]]
    for at, line in enumerate(rule.gates[number]["requirement"]):
        used = sum(each["need"] for each in earlier if set(each["who"]) & set(line["who"]))
        left = known.count(line["who"]) - used
        if left < line["need"] <= known.count(line["who"]):
            words = f"earlier gates may use up {used} of {label(line['who'])}, and {line['need']} more are needed"
            place = f"gates[{number}].requirement[{at}]"
            yield Finding(rule.name, "approvers_used_up", place, f"{words}: then nobody can settle this gate.")
