"""A workspace's rules as they are now, as one document; people themselves and what is for a while are not in it."""

from __future__ import annotations

from typing import Any

from approvals.models import (
    ApprovalSettings,
    Chain,
    ChainVersion,
    Policy,
    PolicyVersion,
    Schedule,
    ScheduleVersion,
    Team,
)
from intents.models import Workspace


def document_of(workspace: Workspace) -> dict[str, Any]:
    """Settings, teams, schedules, chains, and the policies in their order; each in its newest version."""
    return {
        "settings": _settings(workspace),
        "teams": {team.name: sorted(team.people.values_list("email", flat=True)) for team in _teams(workspace)},
        "schedules": _newest(ScheduleVersion, "schedule", Schedule.objects.filter(workspace=workspace)),
        "chains": _newest(ChainVersion, "chain", Chain.objects.filter(workspace=workspace)),
        "policies": _policies(workspace),
    }


def _settings(workspace: Workspace) -> dict[str, Any]:
    row = ApprovalSettings.objects.filter(workspace=workspace).first() or ApprovalSettings(workspace=workspace)
    return {
        "unmatched": str(row.unmatched),
        "default_approvers": list(row.default_approvers),
        "changers_wait": row.changers_wait,
    }


def _teams(workspace: Workspace) -> Any:
    return Team.objects.filter(workspace=workspace).order_by("name")


def _newest(versions: Any, parent: str, rows: Any) -> dict[str, Any]:
    found = {row.pk: row for row in rows.order_by("name")}
    bodies = {
        (getattr(row, f"{parent}_id"), row.number): row.body
        for row in versions.objects.filter(**{f"{parent}__in": found})
    }
    return {row.name: bodies[pk, row.version] for pk, row in found.items() if (pk, row.version) in bodies}


def _policies(workspace: Workspace) -> list[dict[str, Any]]:
    policies = list(Policy.objects.filter(workspace=workspace).order_by("position", "name"))
    rows = PolicyVersion.objects.filter(policy__in=policies).values_list("policy_id", "number", "body")
    bodies = {(policy, number): body for policy, number, body in rows}
    return [
        {"name": row.name, "active": row.is_active, **bodies[row.pk, row.version]}
        for row in policies
        if (row.pk, row.version) in bodies
    ]
