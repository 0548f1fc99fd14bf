"""The outermost layer: every answer, whoever gives it, says which request it answers, and of which trace."""

from __future__ import annotations

import logging
import re
from typing import Any

from intents.asgi import App, Headers, Message, Receive, Scope, Send, refuse
from intents.errors import DomainError
from intents.ids import new_id

log = logging.getLogger(__name__)

TRACE, REQUEST = b"x-trace-id", b"x-request-id"
_WORD = re.compile(rb"[!-~]{1,128}")


class Fault(DomainError):
    """Ours (500)."""

    status = 500
    code = "internal_error"


class Traced:
    """`X-Trace-Id` comes back as it came; `X-Request-Id` too, or is made. What is no plain word counts as not sent."""

    def __init__(self, inner: App) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        names = _names(scope["headers"])
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": [*message["headers"], *names]}
            await send(message)

        others = [pair for pair in scope["headers"] if pair[0] not in (TRACE, REQUEST)]
        try:
            await self._inner({**scope, "headers": [*others, *names]}, receive, named)
        except Exception:
            log.exception("request failed")
            if not begun:
                await refuse(named, Fault("Something went wrong here."))


def _names(headers: Any) -> Headers:
    given = {name: value for name, value in reversed(headers) if name in (TRACE, REQUEST) and _WORD.fullmatch(value)}
    return list(({REQUEST: str(new_id()).encode()} | given).items())
