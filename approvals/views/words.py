"""Times, outcomes and actors in the words that pages use. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from approvals.outcomes import OutcomeClass
from approvals.text import one_line

ANSWERS = {
    "approved": "Approve",
    "rejected": "Reject",
    "changes_requested": "Request changes",
    "submitted": "Submit",
    "provided": "Provide this",
    "completed": "Done",
    "failed": "Could not be done",
    "confirmed": "Confirm",
    "assigned": "Accept",
    "declined": "Decline",
    "override_approved": "Approve the override",
    "deferred": "Put off",
    "retry": "Have it tried again",
}
MEANS = {
    OutcomeClass.YES: "Counts as a yes: the program may go on.",
    OutcomeClass.NO: "Counts as a no: the program is told to stop.",
    OutcomeClass.BACK: "Goes back to the requester; this request ends here.",
}


def time_left(until: datetime, now: datetime) -> str:
    """`42 minutes left`, `3 h 20 min left`, `2 days left`, `time is up`."""
    seconds = int((until - now).total_seconds())
    if seconds <= 0:
        return "time is up"
    if seconds < 60:
        return "less than a minute left"
    if seconds < 3600:
        return f"{_many(seconds // 60, 'minute')} left"
    if seconds < 24 * 3600:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours} h {minutes} min left" if minutes else f"{_many(hours, 'hour')} left"
    days, hours = seconds // 86400, seconds % 86400 // 3600
    return f"{_many(days, 'day')} {hours} h left" if hours else f"{_many(days, 'day')} left"


def utc(moment: datetime, now: datetime) -> str:
    """`14:02 UTC` today, `21 Nov 14:02 UTC` otherwise, with the year if it is another one."""
    there, here = moment.astimezone(UTC), now.astimezone(UTC)
    if there.date() == here.date():
        return f"{there:%H:%M} UTC"
    year = f" {there:%Y}" if there.year != here.year else ""
    return f"{there.day} {there:%b}{year} {there:%H:%M} UTC"


def answer_label(outcome: str) -> str:
    """What the choice is called. A name that is not ours is shown as it was written."""
    return ANSWERS.get(outcome) or f"“{one_line(outcome, 64)}”"


def outcome_words(outcome: str) -> str:
    """`changes_requested` as `Changes requested`."""
    return one_line(outcome, 64).replace("_", " ").capitalize()


def actor_words(actor: str) -> str:
    """Who did it: a person's address, a program's name, or Countersign itself."""
    kind, _, name = actor.partition(":")
    if actor == "server":
        return "Countersign"
    if actor.startswith("agent://"):
        return f"agent {one_line(actor.rsplit('/', 1)[-1], 80)}"
    return one_line(name, 120) if kind in ("person", "key") else one_line(actor, 120)


def source_words(source: str) -> str:
    """`request+policy:infra-changes@3` as `the request, and policy infra-changes (version 3)`."""
    return ", and ".join(_source(part) for part in source.split("+"))


def _source(part: str) -> str:
    kind, _, rest = part.partition(":")
    if kind == "policy":
        name, _, version = rest.partition("@")
        return f"policy {name} (version {version})"
    if kind == "scenario":
        return f"the request's scenario {one_line(rest, 80)}"
    return {"request": "the request", "default": "the default for what no policy matches"}.get(part, one_line(part, 80))


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
