"""`/v1/agents`: who works here. The streams are served in front of Django (intents.streams)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON
from intents.models import Workspace
from intents.roster import agents_of, shown_agents
from intents.selectors import agent_named
from intents.views.base import ApiView, query_int
from intents.views.endpoint import Endpoint
from intents.wire.accounts import check_place
from intents.wire.shapes import AGENT, TEXT, WHOLE, many

QUERY = {"org_id": TEXT, "workspace_id": TEXT, "limit": WHOLE}


class AgentsView(ApiView):
    """The workspace's agents."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agents": many(AGENT)}, query=QUERY, refuses=(404,))}

    def get(self, request: Request) -> Response:
        """All agents of the caller's workspace."""
        limit, query = query_int(request, "limit", 200, 1, 500), request.query_params
        workspace = Workspace.objects.get(pk=self.principal.workspace_id)
        check_place(workspace, query.get("org_id"), query.get("workspace_id"))
        return Response({"ok": True, "agents": agents_of(workspace.pk, limit)})


class AgentView(ApiView):
    """One agent."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agent": AGENT}, refuses=(422,))}

    def get(self, request: Request, address: str) -> Response:
        """By its full or short address, also if it is switched off."""
        agent = agent_named(self.principal, address)
        return Response({"ok": True, "agent": shown_agents([agent])[0]})
