"""Requests as single entries of a list, for the Home and for commands: what, until when, by whom, how risky."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from approvals.models import Gate, Person
from approvals.selectors import silence_outcome
from approvals.text import one_line
from approvals.views.inboxrows import InboxRow, inbox_of
from intents.addresses import is_human
from intents.models import Workspace
from notifications.facts import title_beside_target
from notifications.slack.homeblocks import Entry
from notifications.wording import verb

When = Callable[[datetime], str]
"""A moment as this list writes it."""


def waiting_for(
    person: Person, workspaces: Collection[Workspace], now: datetime, when: When
) -> tuple[list[Entry], int]:
    """What this person is to decide in these workspaces, soonest to end first; and how many more are open."""
    inbox = inbox_of(person, now, workspaces)
    rows = [row for row in inbox.waiting if row.gate.held_at is None]
    return [_waiting(row, when, several=len(workspaces) > 1) for row in rows], inbox.more


def what(gate: Gate) -> str:
    """`Approve? “Add an index” on infra-validator`."""
    return f"{verb(gate.task_type)} “{title_beside_target(gate)}”{target(gate.intent.to_agent)}"


def target(address: str) -> str:
    """` on infra-validator`; "" where people are all that it goes to."""
    return "" if is_human(address) else f" on {one_line(address.rsplit('/', 1)[-1], 60)}"


def _waiting(row: InboxRow, when: When, *, several: bool) -> Entry:
    gate = row.gate
    asks = f"{one_line(row.sender, 80)} (a program)" + (f", for {one_line(row.requester, 80)}" if row.requester else "")
    risk = f"{gate.terms.body.get('risk') or 'normal'} risk"
    parts = [f"By {when(gate.expires_at)}, else {silence_outcome(gate)}", f"asked by {asks}", risk]
    where = [str(gate.workspace)] if several else []
    return Entry(what(gate), " · ".join([*parts, *row.progress, *where]), gate.pk)
