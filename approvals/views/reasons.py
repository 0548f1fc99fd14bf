"""Why each policy did or did not decide about an intent, in words; from what was stored when the intent was planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from approvals.text import one_line

DOES = {"require": "asks people", "approve": "lets pass", "deny": "denies"}
WHY = {
    "type": "It is for other types.",
    "sender": "It is for other senders.",
    "target": "It is for other targets.",
    "condition": "Its condition does not hold.",
    "open_schema": "It lets pass by the payload, and no closed schema says what a payload of this type looks like.",
    "later": "Its condition asks about earlier results: it is weighed when the gate would open.",
    "shadowed": "It fits, but an earlier policy had decided already.",
}


@dataclass(frozen=True)
class Reason:
    """One line of "why this plan". `tone` colours its mark."""

    mark: str
    tone: str
    policy: str
    version: str
    does: str
    why: str


def reasons_of(plan: dict[str, Any]) -> list[Reason]:
    """The policies in the order in which they were read."""
    return [_others(row) if "others" in row else _reason(row) for row in plan.get("reasons", [])]


def _reason(row: dict[str, Any]) -> Reason:
    """Intents that an earlier release planned have no `why`."""
    matched, why = bool(row["matched"]), row.get("why", "")
    counted = matched and why != "shadowed"
    mark = "matched" if counted else "not reached" if matched else "did not match"
    does = DOES.get(row["action"], row["action"])
    return Reason(mark, "yes" if counted else "", row["policy"], f"version {row['version']}", does, _why(row, why))


def _why(row: dict[str, Any], why: str) -> str:
    if why != "condition_error":
        return WHY.get(why, "")
    effect = "That counts as a match." if row["matched"] else "That lets nothing pass."
    return f"Its condition could not be told: {one_line(str(row.get('error', '')), 200)} {effect}"


def _others(row: dict[str, Any]) -> Reason:
    count = int(row["others"])
    return Reason("did not match", "", f"{count} more", "", "", WHY["type"])
