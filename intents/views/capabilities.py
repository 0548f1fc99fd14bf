"""`GET /v1/capabilities`: what this server does."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON
from intents.views.base import ApiView
from intents.views.endpoint import Endpoint
from intents.wire.shapes import TEXTS

CAPABILITIES = (
    "intents",
    "intents.stream",
    "intents.controls",
    "intents.policy",
    "intents.bulk_cancel",
    "human_tasks",
    "approvals",
    "inbox",
    "reply_to",
    "receipts",
    "scenarios",
    "agents",
    "agents.stream",
    "service_accounts",
    "schemas",
    "mesh",
    "idempotency",
)
EVERY_TYPE = "intent.*.v1"


class CapabilitiesView(ApiView):
    """The same for everybody who has a credential."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"capabilities": TEXTS, "supported_intent_types": TEXTS})}

    def get(self, request: Request) -> Response:
        """Names of what is served. Types are not registered: one pattern stands for all."""
        return Response({"ok": True, "capabilities": list(CAPABILITIES), "supported_intent_types": [EVERY_TYPE]})
