"""`POST /v1/receipts/redeem`, and the keys by which anybody verifies receipts."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import ANYBODY, SEND_OR_WORK
from intents.services.handout import renew_lease
from intents.services.receipts import keys_of_receipts
from intents.services.redeem import receipt_of, redeem
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.receipts import RedeemBody, use_of
from intents.wire.shapes import ID, MAP, TEXT, TEXTS, TIME, many, obj

KEYS_MAX_AGE = 300  # seconds for which verifiers may keep the keys
USE = {"receipt_id": ID, "intent_id": ID, "redeemed_at": TIME, "redeemed_by": TEXT, "claims": MAP, "warnings": TEXTS}
JWK = obj(crv=TEXT, kty=TEXT, x=TEXT, kid=TEXT, alg=TEXT, use=TEXT)


class RedeemView(ApiView):
    """Use a receipt."""

    api = {"POST": Endpoint(SEND_OR_WORK, USE, RedeemBody, refuses=(404,))}

    def post(self, request: Request) -> Response:
        """Once, ever; the same request under the same idempotency key gets the same answer."""
        use, warnings = use_of(body_of(request))
        receipt, claims = receipt_of(self.principal, use)
        if receipt.step is not None and self.principal.agent is not None:
            renew_lease(receipt.step, self.principal.agent)

        def effect() -> dict[str, Any]:
            return {"ok": True, **redeem(self.principal, receipt, claims, use), "warnings": warnings}

        return self.once(request, "POST /v1/receipts/redeem", effect)


class JwksView(ApiView):
    """The public keys that verify receipts."""

    api = {"GET": Endpoint(ANYBODY, {"keys": many(JWK)})}

    def get(self, request: Request) -> Response:
        """A JWK set (RFC 7517): the key that signs first, then earlier ones."""
        return Response({"ok": True, "keys": keys_of_receipts().jwks})

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        """They are no secret, and verifiers should keep them for a while."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE}"
        return answer
