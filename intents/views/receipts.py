"""`POST /v1/receipts/redeem`, and the keys by which anybody verifies receipts."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intents.services.handout import renew_lease
from intents.services.receipts import keys_of_receipts
from intents.services.redeem import receipt_of, redeem
from intents.views.base import ApiView, body_of
from intents.wire.receipts import use_of

KEYS_MAX_AGE = 300  # seconds for which verifiers may keep the keys


class RedeemView(ApiView):
    """Using a receipt."""

    def post(self, request: Request) -> Response:
        """Once, ever; the same request under the same idempotency key gets the same answer."""
        use, warnings = use_of(body_of(request))
        receipt, claims = receipt_of(self.principal, use)
        if receipt.step is not None and self.principal.agent is not None:
            renew_lease(receipt.step, self.principal.agent)

        def effect() -> dict[str, Any]:
            return {"ok": True, **redeem(self.principal, receipt, claims, use), "warnings": warnings}

        return self.once(request, "POST /v1/receipts/redeem", effect)


class JwksView(APIView):
    """The public keys."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """A JWK set (RFC 7517): the key that signs first, then earlier ones."""
        body = {"ok": True, "keys": keys_of_receipts().jwks}
        return Response(body, headers={"Cache-Control": f"public, max-age={KEYS_MAX_AGE}"})
