"""`/countersign list`: what waits for the caller, numbered."""

from __future__ import annotations

from functools import partial

from approvals.text import one_line
from intents import clock
from notifications.slack.entries import waiting_for
from notifications.slack.homeblocks import Entry
from notifications.slack.inbound.callers import Caller
from notifications.slack.inbound.commandline import Line
from notifications.slack.inbound.commandreplies import said, shown
from notifications.slack.manifest import COMMAND
from notifications.slack.richtext import Json, block, line, text
from notifications.wording import moment

MOST = 20
HEAD_LIMIT, REST_LIMIT = 200, 250
"""Slack takes about 10,000 characters."""
NOTHING = "Nothing waits for you."


def listed(caller: Caller, _line: Line, _team_id: str) -> Json:
    """At most twenty, soonest to end first; in words that are true at this moment."""
    entries, more = entries_of(caller)
    if not entries:
        return said(NOTHING)
    left = len(entries) - MOST + more
    lines = [leaf for number, entry in enumerate(entries[:MOST], 1) for leaf in _numbered(number, entry)]
    tail = f"And {left} more, in your inbox in Countersign.\n" if left > 0 else ""
    tail += f"{COMMAND} show 1 shows the first one in full."
    title = f"{len(entries) + more} wait{'s' if len(entries) + more == 1 else ''} for you"
    return shown(f"{title}: {entries[0].head}", [block(line(text(f"{title}\n", bold=True), *lines, text(tail)))])


def entries_of(caller: Caller) -> tuple[list[Entry], int]:
    """In the order in which they are numbered, and how many more there are."""
    now = clock.now()
    return waiting_for(caller.person, caller.workspaces, now, partial(moment, now=now, zone=caller.zone))


def _numbered(number: int, entry: Entry) -> tuple[Json, Json]:
    head, rest = one_line(entry.head, HEAD_LIMIT), one_line(entry.rest, REST_LIMIT)
    return text(f"{number}. {head}\n", bold=True), text(f"{rest}\n")
