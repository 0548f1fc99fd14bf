"""What is left to read of texts that were purged: words in their place, and the outcome without them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

PURGED = "history.purged"
"""The entry of the workspace's chain that accounts for texts that are gone."""

KEPT = {
    "": ("approved", "outcome", "reason", "decided_by", "decided_at", "digest", "url", "at", "receipt_id"),
    "gates": (
        "gate_id", "type", "step_id", "source", "outcome", "outcome_class", "reason", "digest", "opened_at",
        "closed_at", "deadline", "on_timeout", "asked_by_request", "requirement",
    ),
    "decisions": ("by", "name", "for", "outcome", "via", "strength", "at", "counted"),
    "error": ("code",),
    "task_result": ("outcome",),
}  # fmt: skip
"""What programs and people still get of the terminal details, place by place; whatever else there is goes."""


def words_of(at: datetime | None) -> str:
    """The words that stand where a text stood."""
    return f"purged on {at:%Y-%m-%d}" if at else "purged"


def stub(words: str) -> dict[str, Any]:
    """Where a JSON object stood."""
    return {"purged": words}


def outcome_left(details: dict[str, Any], words: str) -> dict[str, Any]:
    """The terminal details with all their keys: who decided what and when stays, what anybody wrote does not."""
    left = _left(details, "", words)
    return left | {"summary": f"Ended as {details.get('outcome', 'it did')}. Its texts were {words}."}


def _left(value: dict[str, Any], place: str, words: str) -> dict[str, Any]:
    return {key: each if key in KEPT[place] else _blank(each, key, words) for key, each in value.items()}


def _blank(value: Any, key: str, words: str) -> Any:
    match value:
        case dict() if key in KEPT:
            return _left(value, key, words)
        case list() if key in KEPT:
            return [_left(each, key, words) for each in value]
        case dict() if value:
            return stub(words)
        case str() if value:
            return words
        case list():
            return []
    return value if value in (None, "", {}) else words
