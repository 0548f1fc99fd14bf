"""`/v1/rules`: a workspace's rules as one YAML document, for admins."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.configfile.reading import MOST_BYTES
from approvals.configfile.writing import write
from approvals.models import Person
from approvals.services.configexport import document_of
from approvals.services.configimport import bring_in
from intents.access import ADMIN
from intents.errors import Invalid
from intents.models import Workspace
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.create import StrictText
from intents.wire.shapes import FLAG, TEXT, TEXTS
from intents.wire.unknown import unknown_warnings


class RulesBody(serializers.Serializer[dict[str, Any]]):
    """The file, and whether it is only looked at."""

    yaml = StrictText(max_length=MOST_BYTES, trim_whitespace=False)
    dry_run = serializers.BooleanField(required=False)


class RulesView(ApiView):
    """Settings, teams, schedules, chains and policies, all together."""

    api = {
        "GET": Endpoint(ADMIN, {"yaml": TEXT}),
        "POST": Endpoint(ADMIN, {"difference": TEXT, "applied": FLAG, "warnings": TEXTS}, RulesBody),
    }

    def get(self, request: Request) -> Response:
        """As they are now; the same rules always make the same text."""
        return Response({"ok": True, "yaml": write(document_of(self._workspace()))})

    def post(self, request: Request) -> Response:
        """Make them those of the file, or say what that would change. 422 with a line for each fault; nothing then."""
        body = body_of(request)
        form = RulesBody(data=body)
        form.is_valid(raise_exception=True)
        warnings = unknown_warnings(body, form)
        return self.once(request, "POST /v1/rules", lambda: self._bring(form.validated_data, warnings))

    def _bring(self, wanted: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
        author = Person.objects.get(pk=self.principal.person.id) if self.principal.person else None
        dry_run = bool(wanted.get("dry_run"))
        brought = bring_in(
            self._workspace(), wanted["yaml"], author=author, actor=self.principal.actor, dry_run=dry_run
        )
        if brought.faults:
            faults = [{"line": fault.line, "message": fault.message} for fault in brought.faults]
            first = f"Line {brought.faults[0].line}: {brought.faults[0].message}"
            raise Invalid(first, code="rules_refused", details={"faults": faults})
        applied = bool(brought.difference) and not dry_run
        return {"ok": True, "difference": brought.difference, "applied": applied, "warnings": warnings}

    def _workspace(self) -> Workspace:
        return Workspace.objects.get(pk=self.principal.workspace_id)
