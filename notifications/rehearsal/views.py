"""`POST /v1/dry-run`: what would happen, for admins."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from approvals.rules import RuleRefused
from intents import clock
from intents.access import ADMIN
from intents.errors import Invalid
from intents.models import Workspace
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from notifications.rehearsal.stage import rehearse
from notifications.rehearsal.wire import PLAYED, DryRun, played_json, read_dry_run


class DryRunView(ApiView):
    """Play an example intent through, and undo it."""

    api = {"POST": Endpoint(ADMIN, PLAYED, DryRun, refuses=(404, 409), idempotent=False)}

    def post(self, request: Request) -> Response:
        """The timeline: who is told when by which channel, when it escalates, how it ends. Nothing of it stays."""
        script, zone, warnings = read_dry_run(body_of(request), clock.now())
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        try:
            play = rehearse(workspace, script)
        except RuleRefused as error:
            raise Invalid(str(error), code="policy_refused") from error
        shown = played_json(play, zone)
        return Response({"ok": True, **shown, "warnings": [*warnings, *shown["warnings"]]})
