"""What a workspace's chain says, for tests."""

from __future__ import annotations

from typing import Any

from intents.models import Workspace, WorkspaceEntry
from intents.services.changes import details_of_entry


def entries(workspace: Workspace, prefix: str = "") -> list[tuple[str, str, dict[str, Any]]]:
    """(change, actor, details) of the workspace's entries in order."""
    rows = WorkspaceEntry.objects.filter(workspace=workspace, change__startswith=prefix).order_by("seq")
    return [(row.change, row.actor, details_of_entry(row)) for row in rows]


def changes(workspace: Workspace, prefix: str = "") -> list[str]:
    """Only the names of the changes."""
    return [change for change, _, _ in entries(workspace, prefix)]


def newest(workspace: Workspace) -> tuple[str, str, Any, Any]:
    """(change, actor, before, after) of the last entry."""
    change, actor, details = entries(workspace)[-1]
    return change, actor, details.get("before"), details.get("after")


def everything_said() -> str:
    """All bodies of all chains."""
    return "\n".join(WorkspaceEntry.objects.values_list("body", flat=True))
