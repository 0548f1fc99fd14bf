"""The button that opens a request in full for whoever presses it (`sheets`). Pure."""

from __future__ import annotations

from uuid import UUID

from approvals.text import one_line
from notifications.slack.actions import OPEN, Act, action_id, pack_act
from notifications.slack.blocks import BUTTON_LIMIT
from notifications.slack.richtext import Json

LOOK = "Look and decide"


def open_button(gate_id: UUID, label: str, number: int = 0) -> Json:
    """It proves nothing: what its presser may see and do is asked when it is pressed."""
    return {
        "type": "button",
        "action_id": action_id(OPEN, number),
        "text": {"type": "plain_text", "text": one_line(label, BUTTON_LIMIT), "emoji": False},
        "value": pack_act(Act(gate_id, OPEN)),
    }
