"""A gate's chain progress as JSON, and back. Pure."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from approvals.chains.walk import Progress

MOMENTS = ("entered_at", "began_at", "reminded_at", "next_at")
NAMES = frozenset(field.name for field in fields(Progress))


def progress_json(progress: Progress) -> dict[str, Any]:
    """What the gate's row stores."""
    stored = vars(progress)
    return stored | {name: stored[name].isoformat() for name in MOMENTS if stored[name]}


def progress_of(stored: dict[str, Any], opened_at: datetime) -> Progress:
    """The stored progress; missing keys mean that nothing has happened since the opening."""
    if "entered_at" not in stored:
        return _of_one_step(stored, opened_at)
    moments = {name: datetime.fromisoformat(stored[name]) for name in MOMENTS if stored.get(name)}
    return Progress(**{name: stored[name] for name in NAMES & stored.keys()} | moments)


def _of_one_step(stored: dict[str, Any], opened_at: datetime) -> Progress:
    """As it was stored before chains had several steps."""
    next_at = datetime.fromisoformat(stored["next_at"]) if stored.get("next_at") else None
    reminders = stored.get("reminders", 0)
    return Progress(
        entered_at=opened_at,
        place=1 if stored.get("escalated") else 0,
        began_at=opened_at,
        reminded=reminders,
        reminded_at=opened_at if reminders else None,
        reminders=reminders,
        next_at=next_at,
    )
