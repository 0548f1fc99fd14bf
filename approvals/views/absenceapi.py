"""`/v1/me/absences`: a person's own absences in the workspace of their token."""

from __future__ import annotations

from datetime import UTC
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.directory import member
from approvals.models import Absence, Person
from approvals.services.absences import end_absence, relied_on_by, start_absence
from intents import clock
from intents.access import PERSON
from intents.clock import iso
from intents.errors import Invalid, NotFound
from intents.ids import parse_id
from intents.models import Workspace
from intents.principal import PersonRef
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.create import StrictText
from intents.wire.shapes import ID, TEXT, TEXTS, TIME, many, maybe, named, obj
from intents.wire.unknown import unknown_warnings

ABSENCE = named(
    "Absence",
    obj(absence_id=ID, person=TEXT, starts_at=TIME, ends_at=TIME, ended_at=maybe(TIME), delegate=maybe(TEXT)),
)


class AbsenceBody(serializers.Serializer[dict[str, Any]]):
    """From when (now, if it is left out) till when, and who is asked instead."""

    starts_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    ends_at = serializers.DateTimeField(default_timezone=UTC)
    delegate = StrictText(max_length=254, required=False, allow_blank=True, allow_null=True)


class AbsencesView(ApiView):
    """Be away, and see when one is."""

    api = {
        "GET": Endpoint(PERSON, {"absences": many(ABSENCE)}),
        "POST": Endpoint(PERSON, {"absence": ABSENCE, "warnings": TEXTS}, AbsenceBody),
    }

    def get(self, request: Request) -> Response:
        """Those that have not ended, the next one first."""
        rows = Absence.objects.filter(workspace=self.principal.workspace_id, person=_me(self.principal.person).pk)
        left = rows.filter(ended_at=None, ends_at__gt=clock.now()).select_related("person", "delegate")
        return Response({"ok": True, "absences": [absence_json(row) for row in left.order_by("starts_at")]})

    def post(self, request: Request) -> Response:
        """From then on one is neither told nor reminded, and the delegate is, where they may decide themselves."""
        body = body_of(request)
        form = AbsenceBody(data=body)
        form.is_valid(raise_exception=True)
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        said, person = form.validated_data, _me(self.principal.person)
        delegate = _delegate(workspace, said.get("delegate") or "")

        def effect() -> dict[str, Any]:
            starts_at = said.get("starts_at") or clock.now()
            row = start_absence(workspace, person, starts_at, said["ends_at"], delegate, actor=person.actor)
            return {"ok": True, "absence": absence_json(row), "warnings": [*unknown_warnings(body, form), *hints(row)]}

        return self.once(request, "POST /v1/me/absences", effect)


class AbsenceView(ApiView):
    """End one's own absence."""

    api = {"DELETE": Endpoint(PERSON, {"absence": ABSENCE})}

    def delete(self, request: Request, absence_id: str) -> Response:
        """Now, or before it began. One that is over already stays as it is."""
        person, wanted = _me(self.principal.person), parse_id(absence_id)
        rows = Absence.objects.filter(workspace=self.principal.workspace_id, person=person.pk)
        row = rows.filter(pk=wanted).select_related("person", "delegate").first() if wanted else None
        if row is None:
            raise NotFound("There is no such absence.")

        def effect() -> dict[str, Any]:
            end_absence(row, actor=person.actor)
            return {"ok": True, "absence": absence_json(row)}

        return self.once(request, f"DELETE /v1/me/absences/{row.pk}", effect)


def absence_json(row: Absence) -> dict[str, Any]:
    """An absence as the wire shows it."""
    return {
        "absence_id": str(row.pk),
        "person": row.person.email,
        "starts_at": iso(row.starts_at),
        "ends_at": iso(row.ends_at),
        "ended_at": iso(row.ended_at),
        "delegate": row.delegate.email if row.delegate else None,
    }


def hints(row: Absence) -> list[str]:
    """Who has counted on this person in that time."""
    return [
        f"{other.person.name} counts on you as delegate in that time; nobody is asked instead of them any more."
        for other in relied_on_by(row)
    ]


def _me(person: PersonRef | None) -> Person:
    return Person.objects.get(pk=cast("PersonRef", person).id)


def _delegate(workspace: Workspace, name: str) -> Person | None:
    found = member(workspace, name) if name.strip() else None
    if name.strip() and found is None:
        raise Invalid(f"delegate {name!r} is no member of {workspace}.", code="bad_delegate")
    return found
