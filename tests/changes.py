"""What a workspace's chain says, for tests."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import F, Max

from intents.models import CheckpointCursor, Event, Workspace, WorkspaceEntry
from intents.services.changes import details_of_entry
from intents.services.checkpoints import CHANGE, write_checkpoint


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


def checkpoint(workspace: Workspace) -> dict[str, Any]:
    """Let the tick write the checkpoint that covers all events of now; what the workspace's newest one says."""
    newest_event = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    CheckpointCursor.objects.update(fenced_at=None)
    until = time.monotonic() + 30  # other tests' transactions on the same server have to end
    while time.monotonic() < until:
        while write_checkpoint():
            pass
        if (CheckpointCursor.objects.get()).through >= newest_event:
            return entries(workspace, CHANGE)[-1][2]
        CheckpointCursor.objects.filter(through=F("fence")).update(fenced_at=None)
    raise AssertionError("no checkpoint came")


def everything_said() -> str:
    """All bodies of all chains."""
    return "\n".join(WorkspaceEntry.objects.values_list("body", flat=True))
