"""The button that opens a request in full, on a Home and under short notes: one looks first, and decides there."""

from __future__ import annotations

from typing import Any

from approvals.selectors import gate_for
from intents import clock
from notifications.slack.actions import OPEN, unpack_act
from notifications.slack.inbound.clicks import read_opening, value_of
from notifications.slack.inbound.doing import Known, in_time
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.replies import Form, to_press
from notifications.slack.inbound.response import Response
from notifications.slack.openbutton import LOOK, open_button
from notifications.slack.sheets import sheet_of


def pressed(incoming: Incoming, data: dict[str, Any]) -> Response:
    """Nothing changes by it."""
    act = unpack_act(value_of(data))
    if act is None or act.name != OPEN:
        return Response()
    click, again = read_opening(incoming, data, act.gate_id), open_button(act.gate_id, LOOK)
    return to_press(click, in_time(click, OPEN, _sheet, again))


def _sheet(known: Known) -> Form:
    """For members of its workspace; NotFound for everybody else."""
    gate = gate_for(known.person, known.gate.pk)
    return Form(sheet_of(gate, known.person, clock.now()), open_button(gate.pk, LOOK))
