"""`GET /health`: this process answers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intents.errors import NotFound


class UnknownView(APIView):
    """Every other path under `/v1/`: a refusal in the envelope, whatever the method."""

    authentication_classes = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Before any method is looked for."""
        raise NotFound(f"There is no endpoint {request.method} {request.path}.", code="unknown_endpoint")


class HealthView(APIView):
    """Needs no key."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Always `ok: true`."""
        return Response({"ok": True})
