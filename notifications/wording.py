"""The words of messages: what is asked, and until when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

VERBS = {
    "approval": "Approve?",
    "override": "Approve?",
    "review": "Review?",
    "form": "Fill in?",
    "clarification": "Answer?",
    "provide_data": "Answer?",
    "manual_action": "Please do:",
    "attach_file": "Please do:",
    "confirmation": "Confirm?",
    "assignment": "Take on?",
}
MOST_NAMES = 10
DIGEST_LENGTH = len("sha256:") + 16


def verb(task_type: str) -> str:
    """How a message of this task type begins."""
    return VERBS.get(task_type, "Decide?")


def moment(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """`15:02 UTC`, or `16:02 CET` in the reader's zone; with the day if that is not today there."""
    at, now = at.astimezone(zone), now.astimezone(zone)
    clock = f"{at:%H:%M} {zone_name(at)}"
    if at.date() == now.date():
        return clock
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {clock}"


def zone_name(at: datetime) -> str:
    """`CET`; `UTC+03` where the zone has no letters of its own."""
    name = at.tzname() or "UTC"
    return f"UTC{name}" if name.startswith(("+", "-")) else name


def because(source: str, *, by_request: bool) -> str:
    """Why there is a gate at all, from the sources of its step, as in `scenario+policy:infra-changes@3`."""
    if by_request:
        return "the request asks for it; no policy does"
    rules = [part.removeprefix("policy:").rsplit("@", 1) for part in source.split("+") if part.startswith("policy:")]
    if not rules:
        return "no policy covers this, so the default approvers are asked"
    return " and ".join(f"policy {name}, version {number}" for name, number in rules)


def spoken(outcome: str) -> str:
    """`changes_requested` as `Changes requested`."""
    return outcome.replace("_", " ").capitalize()


def short_digest(digest: str) -> str:
    """The beginning of a digest, long enough to compare by eye with the page."""
    return digest if len(digest) <= DIGEST_LENGTH else f"{digest[:DIGEST_LENGTH]}…"


def names(people: Sequence[str]) -> str:
    """`Ana, Bo and 3 others`: at most ten by name."""
    rest = len(people) - MOST_NAMES
    if rest > 0:
        return f"{', '.join(people[:MOST_NAMES])} and {rest} other{'s' if rest > 1 else ''}"
    return ", ".join(people)
