"""`POST /v1/intents/{id}/controls` and `/policy`."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import SEND_WORK_OR_PERSON
from intents.services.patching import UPDATE_CONTROLS, UPDATE_POLICY, find_for, update_controls, update_policy
from intents.views.base import ApiView, body_of, check_owner
from intents.views.endpoint import Endpoint
from intents.wire.patches import ControlsBody, PolicyBody, read_controls, read_policy
from intents.wire.shapes import FLAG, TEXT, TEXTS, WHOLE

ANSWER = {"applied": FLAG, "policy_generation": WHOLE, "warnings": TEXTS}
OWNER = {"owner_agent": TEXT}


class ControlsView(ApiView):
    """Values that programs share, and an agent's checkpoint."""

    api = {"POST": Endpoint(SEND_WORK_OR_PERSON, ANSWER, ControlsBody, OWNER)}

    def post(self, request: Request, handle: str) -> Response:
        """Each name is set, or removed by null."""
        check_owner(request)
        intent, step = find_for(self.principal, handle, UPDATE_CONTROLS)
        body = body_of(request)
        patch, warnings = read_controls(body)

        def effect() -> dict[str, Any]:
            answer = update_controls(intent, step, self.principal, patch, body)
            return {"ok": True, **answer, "warnings": warnings}

        return self.once(request, f"POST /v1/intents/{step.pk if step else intent.pk}/controls", effect)


class PolicyView(ApiView):
    """Who else may change these, and the envelope."""

    api = {"POST": Endpoint(SEND_WORK_OR_PERSON, ANSWER, PolicyBody, OWNER)}

    def post(self, request: Request, handle: str) -> Response:
        """Each delegate's grant is set, or removed by null."""
        check_owner(request)
        intent, _ = find_for(self.principal, handle, UPDATE_POLICY)
        body = body_of(request)
        patch, warnings = read_policy(body)

        def effect() -> dict[str, Any]:
            return {"ok": True, **update_policy(intent, self.principal, patch, body), "warnings": warnings}

        return self.once(request, f"POST /v1/intents/{intent.pk}/policy", effect)
