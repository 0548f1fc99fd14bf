"""`/countersign show NUMBER or ID`: what its card says now, to the caller alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db.models import Q

from approvals.models import Gate
from approvals.selectors import gate_for
from intents import clock
from intents.errors import Invalid, NotFound
from intents.ids import parse_id
from intents.models import Step
from notifications.slack.blocks import card
from notifications.slack.inbound.callers import Caller
from notifications.slack.inbound.command_list import entries_of
from notifications.slack.inbound.commandline import Line
from notifications.slack.inbound.commandreplies import shown
from notifications.slack.manifest import COMMAND
from notifications.slack.openbutton import LOOK, open_button
from notifications.slack.richtext import Json
from notifications.slack.viewing import view_of

LONGEST_NUMBER = 3
HOW = f"Say which: a number of {COMMAND} list, or the id of the request or of its gate."
NOT_THERE = "There is no such request, or none that you may see here."


def show(caller: Caller, line: Line, _team_id: str) -> Json:
    """Nothing on it decides, as it goes out of date: its button opens the same as it is then."""
    if len(line.words) != 1:
        raise Invalid(HOW, code="bad_command")
    gate = gate_for(caller.person, _named(caller, line.words[0]))
    content, frame = view_of(gate, caller.person, clock.now())
    made = card(content, replace(frame, choices=(), menu=()))
    opener = {"type": "actions", "elements": [open_button(gate.pk, LOOK)]}
    return shown(made.text, [*made.blocks, *([opener] if gate.is_open and frame.choices else [])])


def _named(caller: Caller, word: str) -> UUID:
    """The gate that this number or id means, of the workspaces that the app serves."""
    if word.isascii() and word.isdecimal() and len(word) <= LONGEST_NUMBER:
        entries, _ = entries_of(caller)
        numbered = entries[int(word) - 1] if 0 < int(word) <= len(entries) else None
        if numbered is None or numbered.gate_id is None:
            raise NotFound(f"There is no number {int(word)}: {COMMAND} list shows what there is.")
        return numbered.gate_id
    wanted = parse_id(word)
    gate = _gate(caller, wanted) if wanted else None
    if gate is None:
        raise NotFound(NOT_THERE if wanted else HOW)
    return gate.pk


def _gate(caller: Caller, wanted: UUID) -> Gate | None:
    """By its own id, or the newest one of the intent with this id or handle."""
    rows = Gate.objects.filter(workspace__in=caller.workspaces)
    steps = Step.objects.filter(pk=wanted).values("intent")
    of_intent = rows.filter(Q(intent=wanted) | Q(intent__in=steps)).order_by("-opened_at")
    return rows.filter(pk=wanted).first() or of_intent.first()
