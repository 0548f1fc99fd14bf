"""A gate's chain progress as JSON, and back. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals.chain import Progress


def progress_json(progress: Progress) -> dict[str, Any]:
    """What the gate's row stores."""
    next_at = progress.next_at.isoformat() if progress.next_at else None
    return {
        "reminders": progress.reminders,
        "escalated": progress.escalated,
        "next_at": next_at,
        "skipped": progress.skipped,
    }


def progress_of(stored: dict[str, Any]) -> Progress:
    """The stored progress; missing keys mean that nothing has happened."""
    next_at = stored.get("next_at")
    return Progress(
        reminders=stored.get("reminders", 0),
        escalated=stored.get("escalated", False),
        next_at=datetime.fromisoformat(next_at) if next_at else None,
        skipped=stored.get("skipped", 0),
    )
