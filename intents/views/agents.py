"""`/v1/agents`: who works here. The streams are served in front of Django (intents.streams)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON
from intents.models import Agent
from intents.selectors import agent_for
from intents.views.base import ApiView, query_int
from intents.views.endpoint import Endpoint
from intents.wire.present import agent_json
from intents.wire.shapes import AGENT, WHOLE, many


class AgentsView(ApiView):
    """The workspace's agents."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agents": many(AGENT)}, query={"limit": WHOLE})}

    def get(self, request: Request) -> Response:
        """All agents of the caller's workspace."""
        limit = query_int(request, "limit", 200, 1, 500)
        rows = Agent.objects.filter(workspace_id=self.principal.workspace_id).order_by("address")[:limit]
        return Response({"ok": True, "agents": [agent_json(agent) for agent in rows]})


class AgentView(ApiView):
    """One agent."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agent": AGENT}, refuses=(422,))}

    def get(self, request: Request, address: str) -> Response:
        """By its full or short address."""
        return Response({"ok": True, "agent": agent_json(agent_for(self.principal, address))})
