"""`GET /health`: this process answers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class HealthView(APIView):
    """Needs no key."""

    authentication_classes = ()

    def get(self, request: Request) -> Response:
        """Always `ok: true`."""
        return Response({"ok": True})
