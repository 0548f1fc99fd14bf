"""Looking at a workspace's policies: reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from approvals.activerules import active_rules, positioned_rules
from approvals.linting.findings import Finding, Known
from approvals.linting.gates import places_of
from approvals.linting.whole import lint
from approvals.oncall import holes_between
from approvals.places import trouble_with
from approvals.reach import most_at_once
from approvals.rotas import roster_named, schedules_in
from approvals.rules import Rule
from approvals.savedchains import chains_named
from approvals.weighing import registered_types, why_open
from intents import clock
from intents.models import SemanticSchema, Workspace

LOOKS_AHEAD = timedelta(days=31)


def lint_workspace(workspace: Workspace) -> list[Finding]:
    """All findings about the policies that are active."""
    rules = active_rules(workspace)
    return lint(rules, known_of(workspace, rules))


def lint_draft(workspace: Workspace, name: str, body: dict[str, Any], position: int) -> list[Finding]:
    """What would be odd about this policy, or about others because of it, if it were saved."""
    rules = with_draft(workspace, name, body, position)
    before = set(map(str, lint_workspace(workspace)))
    found = lint(rules, known_of(workspace, rules))
    return [finding for finding in found if finding.policy == name or str(finding) not in before]


def with_draft(workspace: Workspace, name: str, body: dict[str, Any], position: int) -> list[Rule]:
    """The active list with this policy in its place."""
    there = positioned_rules(workspace)
    version = next((rule.version for _, rule in there if rule.name == name), 0)
    rows = [(position, Rule(name, version + 1, body)), *(row for row in there if row[1].name != name)]
    return [rule for _, rule in sorted(rows, key=lambda row: (row[0], row[1].name))]


def known_of(workspace: Workspace, rules: list[Rule]) -> Known:
    """What the rows say about all that these policies name."""
    now = clock.now()
    gates = [gate for rule in rules for gate in rule.gates]
    names = {name for gate in gates for name in _names(gate)}
    lines = {tuple(line["who"]) for gate in gates for line in gate["requirement"]}
    able = {each: most_at_once(workspace, each) for each in lines | {(name,) for name in names}}
    types = sorted({name for rule in rules for name in registered_types(workspace, rule)})
    rows = SemanticSchema.objects.filter(workspace=workspace, is_active=True, semantic_type__in=types)
    reasons = {name: why_open(workspace, name) for name in types}
    chains = chains_named(workspace.pk, gates)
    return Known(
        able=able,
        now=now,
        holes=_holes(workspace, sorted(names), now),
        chains=chains,
        schemas=dict(rows.values_list("semantic_type", "schema")),
        open_types={name: why for name, why in reasons.items() if why},
        places=trouble_with(workspace.pk, sorted({name for gate in gates for name in places_of(gate, chains)})),
    )


def _names(gate: dict[str, Any]) -> list[str]:
    asked = [name for line in gate["requirement"] for name in line["who"]]
    return [*asked, *(gate.get("inform") or []), *(gate.get("escalate_to") or [])]


def _holes(workspace: Workspace, names: list[str], now: datetime) -> dict[str, datetime]:
    found = {}
    for name in schedules_in(names):
        roster = roster_named(workspace, name, now)
        holes = holes_between(roster.rota, roster.covers, now, now + LOOKS_AHEAD) if roster else []
        if holes:
            found[name] = holes[0].starts_at
    return found
