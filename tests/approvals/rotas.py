"""Schedules for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals.models import Override, Person, Schedule
from approvals.services.schedules import add_overrides, save_schedule

BERLIN = "Europe/Berlin"


def layer(*people: str | Person, **fields: Any) -> dict[str, Any]:
    """A rotation of these people: daily at 09:00 from the second of March 2026 on, unless `fields` say otherwise."""
    names = [person if isinstance(person, str) else person.actor for person in people]
    return {"people": names, "rotation": "daily", "handover": "09:00", "start": "2026-03-02"} | fields


def body(*layers: dict[str, Any], zone: str = "UTC") -> dict[str, Any]:
    """A schedule of these layers."""
    return {"zone": zone, "layers": list(layers)}


def make_schedule(world: Any, *layers: dict[str, Any], name: str = "primary", zone: str = "UTC") -> Schedule:
    """`schedule:primary` of these layers."""
    return save_schedule(world.workspace, name, body(*layers, zone=zone), author=None)


def make_override(schedule: Schedule, person: Person, start: datetime, end: datetime) -> Override:
    """This person instead."""
    return add_overrides(schedule, [(person, start, end)], author=None)[0]
