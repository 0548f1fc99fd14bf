"""Holds an answer to what its view declares: a status of its own, every field there, and no field that nobody knows."""

from __future__ import annotations

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from intents.views.base import ApiView
from intents.views.endpoint import Endpoint
from intents.wire.shapes import COMPONENTS


def hold(method: str, answer: Any) -> None:
    """AssertionError if an answer of the API is not as the document says. Other pages pass."""
    match = getattr(answer, "resolver_match", None)
    view = getattr(match.func, "cls", None) if match else None
    if view is None or not issubclass(view, ApiView) or answer.status_code == 405:
        return
    endpoint = view.api["GET" if method == "HEAD" else method]
    validator = _validators(endpoint, method, bool(match.kwargs)).get(answer.status_code)
    assert validator is not None, f"{method} {match.route}: {answer.status_code} is not in the document"
    found = [
        f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in validator.iter_errors(answer.json())
    ]
    assert not found, f"{method} {match.route} ({answer.status_code}) is not as the document says: {found[:5]}"


@cache
def _validators(endpoint: Endpoint, method: str, has_names: bool) -> dict[int, Draft202012Validator]:
    shapes = endpoint.statuses(method, "{}" if has_names else "")
    components = {"components": {"schemas": closed(COMPONENTS)}}
    return {status: Draft202012Validator(closed(shape) | components) for status, shape in shapes.items()}


def closed(shape: Any) -> Any:
    """The shape, with objects that have no other fields than theirs."""
    if isinstance(shape, list):
        return [closed(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    inner = {name: closed(value) for name, value in shape.items()}
    is_object = "properties" in inner and isinstance(inner.get("type"), str | list)
    return {"additionalProperties": False, **inner} if is_object else inner
