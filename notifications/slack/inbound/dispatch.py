"""Who handles a press on a button, by the kind that its action id begins with (`actions.kind_of`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from notifications.slack.inbound.genuine import Incoming

Handler = Callable[[Incoming, dict[str, Any]], HttpResponse]
_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Let `handler` take the presses of this kind."""
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler | None:
    """Who takes the presses of this kind."""
    return _handlers.get(kind)


def is_answered(kind: str) -> bool:
    """True if a press on such a button does something. Others are not offered: nothing would answer them."""
    return kind in _handlers
