"""What is said to whoever types an answer under no card: that it decides nothing, and what waits for them."""

from __future__ import annotations

from datetime import datetime

from approvals.models import Gate, Person
from approvals.text import one_line
from approvals.views.inboxrows import inbox_of
from intents.models import Workspace
from notifications.facts import title_beside_target
from notifications.models import SlackInstallation
from notifications.slack.blocks import BUTTON_LIMIT, Card
from notifications.slack.inbound.who import Stranger
from notifications.slack.nudge import TYPING, note
from notifications.slack.openbutton import LOOK, open_button

MOST = 5
NOTHING = "Nothing waits for you."
PRESS = "Press the buttons of the request, or look at it here."
SEVERAL = "Press the buttons of the one that you mean, or look at it here."


def waiting_note(installation: SlackInstallation, reader: Person | Stranger, now: datetime) -> Card:
    """In the workspaces that this Slack app serves, what ends first."""
    if isinstance(reader, Stranger):
        return note(f"{TYPING} {reader.words}")
    served = SlackInstallation.objects.filter(app_id=installation.app_id, team_id=installation.team_id)
    rows = inbox_of(reader, now, Workspace.objects.filter(slack__in=served)).waiting
    found = [row.gate for row in rows if row.gate.held_at is None]
    gates, more = found[:MOST], len(found) - MOST
    words = NOTHING if not gates else PRESS if len(gates) == 1 else SEVERAL
    words += f" {more} more: /countersign list shows them." if more > 0 else ""
    return note(f"{TYPING} {words}", *(open_button(gate.pk, _label(gate, gates), at) for at, gate in enumerate(gates)))


def _label(gate: Gate, gates: list[Gate]) -> str:
    return LOOK if len(gates) == 1 else one_line(f"Look: {title_beside_target(gate)}", BUTTON_LIMIT)
