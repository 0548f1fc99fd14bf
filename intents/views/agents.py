"""`/v1/agents`: who works here. The streams are served in front of Django (intents.streams)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.models import Workspace
from intents.roster import agents_of, shown_agents
from intents.selectors import agent_named
from intents.views.base import ApiView, query_int
from intents.wire.accounts import check_place


class AgentsView(ApiView):
    """The workspace's agents."""

    def get(self, request: Request) -> Response:
        """All agents of the caller's workspace."""
        limit, query = query_int(request, "limit", 200, 1, 500), request.query_params
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        check_place(workspace, query.get("org_id"), query.get("workspace_id"))
        return Response({"ok": True, "agents": agents_of(workspace.pk, limit)})


class AgentView(ApiView):
    """One agent."""

    def get(self, request: Request, address: str) -> Response:
        """By its full or short address, also if it is switched off."""
        agent = agent_named(self.principal, address)
        return Response({"ok": True, "agent": shown_agents([agent])[0]})
