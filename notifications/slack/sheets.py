"""A request in full as a form of Slack's that has nothing to send: its buttons stand on it as on a card.

What is ours says so: the Home and each sheet carry a seal with the person for whom they were drawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core import signing

from approvals.models import Gate, Person
from approvals.text import one_line
from intents.ids import parse_id
from notifications.slack.blocks import card
from notifications.slack.richtext import Json
from notifications.slack.viewing import view_of
from notifications.wording import verb

SHEET = "sheet"
SALT = "countersign slack sheet"
TITLE = 24


@dataclass(frozen=True)
class Seal:
    """For whom it was drawn, and about which gate; none on a Home."""

    person_id: UUID
    gate_id: UUID | None


def sheet_of(gate: Gate, person: Person, now: datetime) -> Json:
    """All that their card would show, with what they may do. If it cannot show everything, it offers no yes."""
    content, frame = view_of(gate, person, now)
    return {
        "type": "modal",
        "callback_id": SHEET,
        "title": {"type": "plain_text", "text": one_line(verb(gate.task_type), TITLE), "emoji": False},
        "close": {"type": "plain_text", "text": "Close", "emoji": False},
        "private_metadata": json.dumps({SHEET: seal(person.pk, gate.pk)}),
        "blocks": list(card(content, frame).blocks),
    }


def seal(person_id: UUID, gate_id: UUID | None = None) -> str:
    """The same for the same, so that what did not change looks as it was."""
    return _signer().sign_object([person_id.hex, gate_id.hex if gate_id else ""])


def read_seal(text: str) -> Seal | None:
    """What this seal says; None if it is none of ours."""
    try:
        person, gate = _signer().unsign_object(text)
    except (signing.BadSignature, ValueError):
        return None
    person_id = parse_id(person)
    return Seal(person_id, parse_id(gate) if gate else None) if person_id else None


def _signer() -> signing.Signer:
    return signing.Signer(key=settings.LINK_KEY, salt=SALT)
