"""`/v1/schedules`: who is on call, for people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.directory import member
from approvals.models import Person, Schedule
from approvals.rotas import Roster, roster_named
from intents import clock
from intents.access import PERSON
from intents.clock import iso
from intents.errors import Invalid, NotFound
from intents.models import Workspace
from intents.views.base import ApiView, query_moment
from intents.views.endpoint import Endpoint
from intents.wire.shapes import TEXT, TIME, WHOLE, many, maybe, named, obj

AHEAD = timedelta(days=30)
FURTHEST = timedelta(days=3650)
ON_CALL = named("OnCall", obj(schedule=TEXT, at=TIME, person=maybe(TEXT), name=maybe(TEXT), until=maybe(TIME)))
SCHEDULE = named("Schedule", obj(name=TEXT, version=WHOLE, zone=TEXT, on_call=ON_CALL))


class SchedulesView(ApiView):
    """The workspace's schedules."""

    api = {"GET": Endpoint(PERSON, {"schedules": many(SCHEDULE)})}

    def get(self, request: Request) -> Response:
        """By name, each with whoever is on call now."""
        workspace, now = Workspace.objects.get(pk=self.principal.workspace_id), clock.now()
        rows = Schedule.objects.filter(workspace=workspace).order_by("name")
        found = [_schedule_json(workspace, row, now) for row in rows]
        return Response({"ok": True, "schedules": [each for each in found if each]})


class OnCallView(ApiView):
    """Who is on call in one schedule."""

    api = {"GET": Endpoint(PERSON, {"on_call": ON_CALL}, query={"at": TIME})}

    def get(self, request: Request, name: str) -> Response:
        """Now, or `at` a moment: the person, and until when (of the next 30 days)."""
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        at = _near(query_moment(request, "at") or clock.now())
        roster = roster_named(workspace, name, at)
        if roster is None:
            raise NotFound("There is no such schedule.")
        return Response({"ok": True, "on_call": on_call_json(workspace, roster, at)})


def on_call_json(workspace: Workspace, roster: Roster, at: datetime) -> dict[str, Any]:
    """Who it is at that moment, and until when; nulls for nobody and for no end in sight."""
    name = roster.on_call(at)
    person: Person | None = member(workspace, name) if name else None
    return {
        "schedule": roster.name,
        "at": iso(at),
        "person": person.email if person else None,
        "name": person.name if person else None,
        "until": iso(roster.next_change(at, at + AHEAD)),
    }


def _near(at: datetime) -> datetime:
    """A rota goes on for ever; calendars do not."""
    if abs(at - clock.now()) > FURTHEST:
        raise Invalid(f"at must be within {FURTHEST.days // 365} years of now.", code="invalid_parameter")
    return at


def _schedule_json(workspace: Workspace, row: Schedule, now: datetime) -> dict[str, Any] | None:
    roster = roster_named(workspace, row.name, now)
    if roster is None:
        return None
    on_call = on_call_json(workspace, roster, now)
    return {"name": row.name, "version": row.version, "zone": roster.rota.zone.key, "on_call": on_call}
