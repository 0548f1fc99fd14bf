"""`GET /health`: this process answers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intents.access import ANYBODY
from intents.errors import NotFound
from intents.views.base import ApiView
from intents.views.endpoint import Endpoint


class UnknownView(APIView):
    """Every other path under `/v1/`: a refusal in the envelope, whatever the method."""

    authentication_classes = ()
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Before any method is looked for."""
        raise NotFound(f"There is no endpoint {request.method} {request.path}.", code="unknown_endpoint")


class HealthView(ApiView):
    """Is it there?"""

    api = {"GET": Endpoint(ANYBODY)}

    def get(self, request: Request) -> Response:
        """This process answers."""
        return Response({"ok": True})
