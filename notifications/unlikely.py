"""What is seldom there when a message is made: looked for in one statement instead of one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from approvals.away import AWAY, RUNNING
from approvals.models import Gate
from approvals.selectors import STANDING
from approvals.services.break_glass import MAY_BREAK
from approvals.services.decide import OWN
from approvals.undertakings import LIVE
from approvals.views.subject import refusals
from intents.prepared import Question
from notifications.asked import newer_ask
from notifications.bounces.stopping import STOP
from notifications.links import LINKS
from notifications.maillinks.links import GENERATION
from notifications.models import EMAIL, SLACK, Delivery
from notifications.slack.standing import STANDS


def unlikely(delivery: Delivery, gate: Gate | None, now: datetime) -> Iterator[Question]:
    """The questions that are mostly answered by nothing. `gate`: if somebody is asked to decide on it."""
    yield STOP.question(channel=delivery.channel, address=delivery.address.lower())
    by_mail = delivery.channel == EMAIL and not delivery.is_post
    if by_mail:
        yield LINKS.question(person=delivery.person_id)
    if delivery.channel == SLACK:
        yield STANDS.question(intent=delivery.intent_id)
    if gate is None:
        return
    yield STANDING.question(gate=gate.pk)
    yield refusals(gate, now)
    yield newer_ask(delivery)
    yield LIVE.question(gate=gate.pk, now=now)
    if not delivery.is_post:
        yield OWN.question(gate=gate.pk, person=delivery.person_id)
        yield AWAY.question(workspace_id=gate.workspace_id, at=now)
    if by_mail:
        yield GENERATION.question(person=delivery.person_id)
    elif not delivery.is_post:
        yield MAY_BREAK.question(person=delivery.person_id, workspace=gate.workspace_id)
        yield RUNNING.question(gate=gate.pk)
