"""The little of ASGI that we speak ourselves: types, headers, and one JSON answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from intents.errors import DomainError
from intents.wire.errors import envelope, headers_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def header_map(scope: Scope) -> dict[str, str]:
    """Lower-case names; a header that came twice has both values, as any other server would join them."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin1").lower(), raw_value.decode("latin1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def refuse(send: Send, error: DomainError, *headers: tuple[bytes, bytes]) -> None:
    """Answer with the error's status and envelope."""
    body = json.dumps(envelope(error)).encode("ascii")
    all_headers: Headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    all_headers += [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    await send({"type": "http.response.start", "status": error.status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
