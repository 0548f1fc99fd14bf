"""Everything that a message is made of, read when it is sent: what it says is true now, not when it was queued."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from approvals.models import Gate, Person
from approvals.selectors import SEAT_OF, eligible_seats
from intents.models import Intent
from intents.prepared import Prepared, foresee, note
from intents.services.record import details_of
from notifications.models import ASKS, Delivery, SlackRoom
from notifications.unlikely import unlikely
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
    def asks_about(self) -> Gate | None:
        """The open gate on which this asks somebody to decide, if it does."""
        return asked_about(self.delivery, self.gate)

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
    gate = _gate(delivery.gate_id, delivery.intent_id) if delivery.gate_id else None
    [intent] = [gate.intent] if gate else _INTENT(intent=delivery.intent_id)
    foresee(*unlikely(delivery, asked_about(delivery, gate), now))
    return Case(
        delivery=delivery,
        intent=intent,
        gate=gate,
        person=_person(delivery, gate) if delivery.person_id else None,
        details=details_of(delivery.event),
        now=now,
        zone=zone_of(delivery.person_id) if delivery.person_id else UTC,
        room=room_of(delivery) if delivery.is_post else None,
    )


def room_of(delivery: Delivery) -> SlackRoom | None:
    """The Slack channel to which a post goes."""
    team_id, _, channel_id = delivery.address.partition("/")
    return _ROOM.first(workspace=delivery.workspace_id, team=team_id, channel=channel_id)


def asked_about(delivery: Delivery, gate: Gate | None) -> Gate | None:
    """See `Case.asks_about`."""
    return gate if gate is not None and gate.is_open and delivery.purpose in ASKS else None


def _of_its_intent(names: Iterable[str]) -> list[str]:
    return [f"intent__{name}" for name in names]


def _gate(gate_id: UUID, intent_id: UUID) -> Gate | None:
    gate = _GATE.first(gate=gate_id, intent=intent_id)
    if gate is not None:
        gate.workspace = gate.intent.workspace
    return gate


def _person(delivery: Delivery, gate: Gate | None) -> Person | None:
    """Of those who may decide, if it asks them: they are all read for it anyway."""
    asked = asked_about(delivery, gate)
    seats = eligible_seats(asked) if asked else []
    found = [seat for seat in seats if seat.person_id == delivery.person_id]
    if asked is None or not found:
        return _PERSON.first(person=delivery.person_id)
    note(SEAT_OF.question(gate=asked.pk, workspace=asked.workspace_id, person=delivery.person_id), found[:1])
    return found[0].person


PARENTS = ("workspace", "texts", "sender__service_account")
UNREAD = ("texts__plan", "texts__request", "texts__warnings")
"""The plan gives its reasons for each policy, and hardly a message needs them: who does reads them then."""
_INTENT = Prepared(lambda intent: Intent.objects.select_related(*PARENTS).defer(*UNREAD).filter(pk=intent))
_GATE = Prepared(
    lambda gate, intent: (
        Gate.objects.select_related("terms", "ask", *_of_its_intent(PARENTS))
        .defer(*_of_its_intent(UNREAD))
        .filter(pk=gate, intent=intent)
    )
)
_PERSON = Prepared(lambda person: Person.objects.filter(pk=person))
_ROOM = Prepared(
    lambda workspace, team, channel: SlackRoom.objects.filter(workspace=workspace, team_id=team, channel_id=channel)
)
