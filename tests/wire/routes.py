"""Every route of the API, as Django's resolver knows them: tests walk these, so that no endpoint is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from intents.views.endpoint import Endpoint
from intents.views.health import UnknownView

_GROUP = re.compile(r"\(\?P<(\w+)>.+\)")
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """One method of one path; `path` has its variables in braces."""

    method: str
    path: str
    view: Any
    endpoint: Endpoint

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def at(self, **names: object) -> str:
        """The path with these values; what is not named gets a word that is no id."""
        return re.sub(r"\{(\w+)\}", lambda found: str(names.get(found[1], "nothing")), self.path)


def api_views() -> list[tuple[str, Any]]:
    """Path and class of all API views but the one for unknown paths."""
    return [(path, view) for path, view in _walk(get_resolver(), "/") if view is not UnknownView]


def routes() -> list[Route]:
    """One for each declared method."""
    found = [Route(method, path, view, end) for path, view in api_views() for method, end in view.api.items()]
    return sorted(found, key=lambda route: (route.path, route.method))


def _walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, before + str(pattern.pattern))
            continue
        view = getattr(pattern.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, APIView):
            yield before + _plain(pattern), view


def _plain(pattern: URLPattern) -> str:
    text = _GROUP.sub(r"{\1}", str(pattern.pattern)).strip("^$")
    return _CONVERTER.sub(r"{\1}", text)
