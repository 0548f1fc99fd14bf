"""What of ours a press stands on where there is no message: somebody's Home, a sheet, a note to them alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from notifications.slack.inbound.genuine import Incoming
from notifications.slack.sheets import SHEET, read_seal


@dataclass(frozen=True)
class Surface:
    """`view_id`: the sheet whose place the answer takes; "" where the answer opens one.

    `is_ours`: drawn by this app, in this team, about this gate (a Home is about any). `person_id`: for whom, if it is
    for one alone. `token`: its seal, for what takes its place.
    """

    is_ours: bool
    view_id: str = ""
    person_id: UUID | None = None
    token: str = ""


NOTE = Surface(is_ours=True)
"""A message of ours that only opens something: who presses is asked, where it stands is not."""


def home_of(incoming: Incoming, view: dict[str, Any]) -> Surface:
    """The Home of somebody."""
    seal = read_seal(str(view.get("private_metadata") or ""))
    is_ours = view.get("type") == "home" and _is_by_us(incoming, view) and seal is not None
    return Surface(is_ours, person_id=seal.person_id if seal else None)


def sheet_in(incoming: Incoming, view: dict[str, Any], gate_id: UUID) -> Surface:
    """A sheet about this gate, or the form or the words that took its place."""
    token = token_in(view)
    seal = read_seal(token)
    about = view.get("type") == "modal" and seal is not None and seal.gate_id == gate_id
    view_id = str(view.get("id") or "")
    return Surface(about and _is_by_us(incoming, view), view_id, seal.person_id if seal else None, token)


def token_in(view: dict[str, Any]) -> str:
    """The seal that the view carries; "" if it is no sheet."""
    try:
        kept = json.loads(view.get("private_metadata") or "")
    except (ValueError, TypeError):
        return ""
    return str(kept.get(SHEET, "")) if isinstance(kept, dict) else ""


def _is_by_us(incoming: Incoming, view: dict[str, Any]) -> bool:
    row = incoming.installations[0]
    return view.get("app_id") == row.app_id and view.get("team_id") == row.team_id
