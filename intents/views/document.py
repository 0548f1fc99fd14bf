"""The OpenAPI document, and a page to read it and try it on."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import ANYBODY
from intents.views.base import ApiView
from intents.views.endpoint import Endpoint
from intents.wire.shapes import MAP


@cache
def document() -> dict[str, Any]:
    """The document; made once in a process, since the routes do not change while it runs."""
    generator: Any = cast(Any, SchemaGenerator)()
    return dict(generator.get_schema(request=None, public=True))


class DocumentView(ApiView):
    """This document."""

    api = {"GET": Endpoint(ANYBODY, shape=MAP)}

    def get(self, request: Request) -> Response:
        """OpenAPI 3.1."""
        return Response(document())


@require_safe
def reading_page(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from our own files. It needs no key to be read."""
    return render(request, "api_docs.html")
