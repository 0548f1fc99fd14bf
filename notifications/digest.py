"""The message that stands for many: it names the flood, how much it is, and where to look."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from django.conf import settings

from approvals.models import Gate
from approvals.text import Row, one_line
from notifications.case import Case
from notifications.content import Content, Fact, Table
from notifications.facts import sender_name
from notifications.flood import MOST_GATES, gates_to_decide, held_in
from notifications.models import Purpose
from notifications.wording import verb

TITLE_LIMIT = 80
WORDS = {
    Purpose.REQUEST: "requests",
    Purpose.REMINDER: "reminders",
    Purpose.ESCALATION: "escalations",
    Purpose.OUTCOME: "outcomes",
    Purpose.CLOSED: "closing notes",
    Purpose.WAITING: "notes of whom it waits for",
    Purpose.NOTIFICATION: "notes",
    Purpose.QUESTION: "questions",
    Purpose.ANSWER: "answers",
    Purpose.DELEGATION: "requests handed to you",
    Purpose.EXTENSION: "extended deadlines",
    Purpose.GLASS: "approvals by breaking glass",
    Purpose.CHANGED: "changed requests",
    Purpose.WANTED: "wishes for changes",
    Purpose.WARNING: "last calls",
    Purpose.INFORM: "notes of what is asked of others",
}


def digest(case: Case) -> Content:
    """As of now: gates that were settled meanwhile are counted, and not listed."""
    held = list(held_in(case.delivery).values_list("purpose", "gate_id"))
    sender = sender_name(case.intent)
    whom = "this channel" if case.delivery.is_post else "you"
    open_gates = list(gates_to_decide(case.delivery, case.now).select_related("intent"))
    return Content(
        template="news",
        subject=f"{len(held)} more messages from {sender} ({case.intent.workspace}), {len(open_gates)} to decide",
        headline=f"{sender} floods {whom}: {len(held)} more messages",
        reason=f"This program sent {whom} more than {settings.MESSAGES_PER_HOUR} messages within an hour. "
        "These were held back and come as this one. If this should not be, tell whoever runs the program, or an admin.",
        facts=(
            Fact("Workspace", str(case.intent.workspace)),
            *(Fact(word.capitalize(), str(number)) for word, number in _by_purpose(held)),
            Fact("Still to decide", str(len(open_gates))),
        ),
        url=f"{settings.BASE_URL}/inbox",
        link="Open your inbox",
        author=sender,
        tables=_gates(open_gates, case),
    )


def _by_purpose(held: list[tuple[str, UUID | None]]) -> list[tuple[str, int]]:
    return [(WORDS[Purpose(purpose)], number) for purpose, number in Counter(purpose for purpose, _ in held).items()]


def _gates(gates: list[Gate], case: Case) -> tuple[Table, ...]:
    """The ones that end first."""
    if not gates:
        return ()
    rows = tuple(
        Row(
            f"by {case.when(gate.expires_at)}",
            "text",
            f"{verb(gate.task_type)} {one_line(gate.title, TITLE_LIMIT)}",
        )
        for gate in gates[:MOST_GATES]
    )
    more = len(gates) - len(rows)
    return (
        Table("To decide, the most urgent first", rows, f"And {more} more; the inbox shows all." if more > 0 else ""),
    )
