"""`/v1/mesh`: agents that say how they are, and people who stop them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON, PROVISION_OR_ADMIN, WORK
from intents.agenthealth import STATES
from intents.errors import Invalid
from intents.models import Agent
from intents.roster import agents_of, changes_of_agent, changes_of_agents, shown_agents
from intents.selectors import agent_known_as, agent_named
from intents.services.heartbeat import beat
from intents.services.mesh import kill, resume
from intents.services.standing import require_standing
from intents.views.base import ApiView, body_of, query_int
from intents.views.endpoint import Endpoint
from intents.wire.mesh import Heartbeat, mesh_event_json, metrics_json, read_heartbeat
from intents.wire.shapes import (
    AGENT,
    AGENT_FIELDS,
    FLAG,
    MAP,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    WHOLE,
    many,
    maybe,
    named,
    obj,
    one_of,
)
from intents.wire.unknown import NoFields, unknown_warnings

HEALTH = one_of(*STATES)
METRICS = obj(
    since=TIME,
    intents_total=WHOLE,
    intents_succeeded=WHOLE,
    intents_failed=WHOLE,
    avg_latency_ms=maybe(NUMBER),
    cost_usd=NUMBER,
)
MESH_AGENT = named("MeshAgent", obj(**AGENT_FIELDS, metrics=maybe(METRICS)))
MESH_EVENT = named("MeshEvent", obj(event_id=TEXT, event_type=TEXT, at=TIME, actor=TEXT, details=MAP))
SWITCH = Endpoint(PROVISION_OR_ADMIN, {"applied": FLAG, "agent": AGENT, "warnings": TEXTS}, NoFields)


class HeartbeatView(ApiView):
    """An agent says that it lives."""

    api = {"POST": Endpoint(WORK, {"agent": AGENT, "warnings": TEXTS}, Heartbeat)}
    open_to_killed = True

    def post(self, request: Request) -> Response:
        """By the agent's own key. It does not bring back an agent that was stopped."""
        agent = self.principal.require("work").agent
        metrics, warnings = read_heartbeat(body_of(request))

        def effect() -> dict[str, Any]:
            assert agent is not None  # noqa: S101 - a key with this scope has one
            beat(agent, metrics)
            fresh = agent_named(self.principal, agent.address)
            return {"ok": True, "agent": shown_agents([fresh])[0], "warnings": warnings}

        return self.once(request, "POST /v1/mesh/heartbeat", effect)


class MeshAgentsView(ApiView):
    """All agents and how they are."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agents": many(AGENT)}, query={"limit": WHOLE, "health": HEALTH})}

    def get(self, request: Request) -> Response:
        """By address; `health` leaves out all others."""
        limit, health = query_int(request, "limit", 100, 1, 500), request.query_params.get("health", "")
        if health and health not in STATES:
            raise Invalid(f"health is one of {', '.join(STATES)}.", code="invalid_parameter")
        return Response({"ok": True, "agents": agents_of(self.principal.workspace_id, limit, health)})


class MeshAgentView(ApiView):
    """One agent, what it reports, and what was done to it."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"agent": MESH_AGENT, "events": many(MESH_EVENT)})}

    def get(self, request: Request, address_id: str) -> Response:
        """With what it reported of itself, and what was done to it."""
        agent = agent_known_as(self.principal, address_id)
        events = [mesh_event_json(entry) for entry in changes_of_agent(agent, 20)]
        shown = {**shown_agents([agent])[0], "metrics": metrics_json(agent)}
        return Response({"ok": True, "agent": shown, "events": events})


class SwitchView(ApiView):
    """What stopping and resuming share."""

    def switched(self, request: Request, address_id: str, verb: str) -> Response:
        """`applied` says whether it changed anything."""
        require_standing(self.principal)
        agent = agent_known_as(self.principal, address_id)
        warnings = unknown_warnings(body_of(request), NoFields())

        def effect() -> dict[str, Any]:
            applied = (kill if verb == "kill" else resume)(self.principal, agent)
            fresh = Agent.objects.select_related("metrics_row").get(pk=agent.pk)
            return {"ok": True, "applied": applied, "agent": shown_agents([fresh])[0], "warnings": warnings}

        return self.once(request, f"POST /v1/mesh/agents/{agent.pk}/{verb}", effect)


class KillView(SwitchView):
    """Stop an agent."""

    api = {"POST": SWITCH}

    def post(self, request: Request, address_id: str) -> Response:
        """From now on nothing is handed to it or taken from it."""
        return self.switched(request, address_id, "kill")


class MeshResumeView(SwitchView):
    """Let an agent go on."""

    api = {"POST": SWITCH}

    def post(self, request: Request, address_id: str) -> Response:
        """It works again as before."""
        return self.switched(request, address_id, "resume")


class MeshEventsView(ApiView):
    """What was done to agents."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"events": many(MESH_EVENT)}, query={"limit": WHOLE, "event_type": TEXT})}

    def get(self, request: Request) -> Response:
        """The newest first, from the workspace's chain."""
        limit, change = query_int(request, "limit", 50, 1, 500), request.query_params.get("event_type", "")
        rows = changes_of_agents(self.principal.workspace_id, limit, change)
        return Response({"ok": True, "events": [mesh_event_json(row) for row in rows]})
