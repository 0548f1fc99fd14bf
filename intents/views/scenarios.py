"""`/v1/scenarios`: apply and validate."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import SEND
from intents.errors import Busy, DomainError
from intents.services.scenarios import apply_bundle, check_bundle, prepare
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.views.intents import created
from intents.wire.bundle import Bundle, read_bundle
from intents.wire.errors import as_domain_error
from intents.wire.shapes import FLAG, ID, NEW_INTENT, TEXT, TEXTS, many, maybe, obj

APPLIED = {
    **NEW_INTENT,
    "scenario_id": TEXT,
    "compile_id": ID,
    "workflow_compile_id": ID,
    "idempotent": FLAG,
    "agents": many(obj(role=maybe(TEXT), address=TEXT, created=FLAG)),
    "agents_provisioned": TEXTS,
}


class ApplyView(ApiView):
    """Start a scenario."""

    api = {"POST": Endpoint(SEND, APPLIED, Bundle, refuses=(404,))}

    def post(self, request: Request) -> Response:
        """The answer carries every name that the several clients read. A replay differs in `idempotent` alone."""
        body = body_of(request)
        bundle = read_bundle(body)
        prepared = prepare(self.principal, bundle)

        def effect() -> dict[str, Any]:
            intent, agents = apply_bundle(self.principal, prepared)
            return created(intent) | {
                "scenario_id": bundle["scenario_id"],
                "compile_id": str(intent.pk),
                "workflow_compile_id": str(intent.pk),
                "idempotent": False,
                "agents": agents,
                "agents_provisioned": [agent["address"] for agent in agents if agent["created"]],
            }

        key = bundle.get("idempotency_key") or ""
        return self.once(request, "POST /v1/scenarios/apply", effect, replayed, key)


def replayed(answer: dict[str, Any]) -> dict[str, Any]:
    """What the same request gets the next time."""
    return {**answer, "idempotent": True}


def sentences(error: Exception) -> list[str]:
    """What is wrong, one sentence a fault."""
    known = as_domain_error(error)
    fields = known.details.get("fields") if known else None
    if fields:
        return [f"{path}: {message}" for path, message in fields.items()]
    return [known.message if known else str(error)]


class ValidateView(ApiView):
    """Look at a scenario without starting it."""

    api = {"POST": Endpoint(SEND, {"valid": FLAG, "errors": TEXTS, "warnings": TEXTS}, Bundle, idempotent=False)}

    def post(self, request: Request) -> Response:
        """200 also for a bundle that apply would refuse: `valid`, `errors`, `warnings`."""
        body = body_of(request)
        try:
            warnings = check_bundle(self.principal, body)
        except (DomainError, exceptions.ValidationError) as error:
            if isinstance(error, Busy):
                raise
            return Response({"ok": True, "valid": False, "errors": sentences(error), "warnings": []})
        return Response({"ok": True, "valid": True, "errors": [], "warnings": warnings})
