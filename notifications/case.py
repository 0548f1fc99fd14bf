"""Everything that a message is made of, read when it is sent: what it says is true now, not when it was queued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from approvals.models import Gate, Person
from intents.models import Intent
from intents.prepared import Prepared
from intents.services.record import details_of
from notifications.models import Delivery, SlackRoom
from notifications.wording import moment
from notifications.zones import zone_of


@dataclass(frozen=True)
class Case:
    """A delivery with the rows around it. `gate` is None where the message is about no gate; `zone` is the reader's.

    A post has no `person`; its `room` is None once an admin has taken the channel off the list.
    """

    delivery: Delivery
    intent: Intent
    gate: Gate | None
    person: Person | None
    details: dict[str, Any]
    now: datetime
    zone: tzinfo = UTC
    room: SlackRoom | None = None

    @property
    def is_discreet(self) -> bool:
        """True for a post to where people of other organisations may read, or nobody knows who does: no contents."""
        room = self.room
        return self.delivery.is_post and (room is None or room.is_shared or bool(room.fault))

    def when(self, at: datetime) -> str:
        """This moment, as its reader says it."""
        return moment(at, self.now, self.zone)


def read_case(delivery: Delivery, now: datetime) -> Case:
    """The case of a delivery, as of now."""
    [intent] = _INTENT(intent=delivery.intent_id)
    return Case(
        delivery=delivery,
        intent=intent,
        gate=_gate(delivery.gate_id, intent) if delivery.gate_id else None,
        person=_PERSON.first(person=delivery.person_id) if delivery.person_id else None,
        details=details_of(delivery.event),
        now=now,
        zone=zone_of(delivery.person_id) if delivery.person_id else UTC,
        room=room_of(delivery) if delivery.is_post else None,
    )


def room_of(delivery: Delivery) -> SlackRoom | None:
    """The Slack channel to which a post goes."""
    team_id, _, channel_id = delivery.address.partition("/")
    return _ROOM.first(workspace=delivery.workspace_id, team=team_id, channel=channel_id)


def _gate(gate_id: UUID, intent: Intent) -> Gate | None:
    gate = _GATE.first(gate=gate_id, intent=intent.pk)
    if gate is not None:
        gate.intent, gate.workspace = intent, intent.workspace
    return gate


_INTENT = Prepared(
    lambda intent: Intent.objects.select_related("workspace", "texts", "sender__service_account").filter(pk=intent)
)
_GATE = Prepared(lambda gate, intent: Gate.objects.select_related("terms", "ask").filter(pk=gate, intent=intent))
_PERSON = Prepared(lambda person: Person.objects.filter(pk=person))
_ROOM = Prepared(
    lambda workspace, team, channel: SlackRoom.objects.filter(workspace=workspace, team_id=team, channel_id=channel)
)
