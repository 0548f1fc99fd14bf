"""A gate as one person sees it whom no message brought there: the content of their card, and what they may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.models import Gate, Person
from approvals.selectors import may_decide
from intents.models import Event
from notifications.case import Case
from notifications.closing import summary
from notifications.content import Content
from notifications.models import SLACK, Delivery, Purpose
from notifications.slack.blocks import Frame
from notifications.slack.cards import content_of, frame_of
from notifications.zones import zone_of


def view_of(gate: Gate, person: Person, now: datetime) -> tuple[Content, Frame]:
    """As a card to them would be now. Needs the gate's intent with its texts and sender."""
    case = _case(gate, person, now)
    content = content_of(case)
    return replace(content, reason=_reason(case, gate, person, content)), frame_of(case)


def _case(gate: Gate, person: Person, now: datetime) -> Case:
    """Of a delivery that is never sent."""
    delivery = Delivery(
        workspace_id=gate.workspace_id,
        intent=gate.intent,
        event=Event(event_type="intent.human_task_assigned"),
        gate_id=gate.pk,
        person_id=person.pk,
        channel=SLACK,
        purpose=Purpose.REQUEST,
    )
    return Case(delivery, gate.intent, gate, person, {}, now, zone_of(person.pk))


def _reason(case: Case, gate: Gate, person: Person, content: Content) -> str:
    """Nobody is told that they were asked who was not."""
    if not gate.is_open:
        return summary(case, gate)
    return content.reason if may_decide(gate, person) is None else ""
