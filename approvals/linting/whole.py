"""The whole list looked at. Pure."""

from __future__ import annotations

from approvals.linting.conditions import lint_conditions
from approvals.linting.findings import Finding, Known
from approvals.linting.gates import lint_gates
from approvals.linting.order import lint_order
from approvals.linting.people import lint_people
from approvals.rulebook.rule import Rule


def lint(rules: list[Rule], known: Known) -> list[Finding]:
    """All findings, policy by policy in the order of the list."""
    found = [*lint_order(rules)]
    for rule in rules:
        for check in (lint_people, lint_gates, lint_conditions):
            found += check(rule, known)
    order = {rule.name: at for at, rule in enumerate(rules)}
    return sorted(found, key=lambda finding: order[finding.policy])
