"""One request to an ASGI application, made by hand, so that a test can hang up, wait, and see every byte."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Visit:
    """`async with Visit(app, path)`: the request runs inside the block and is hung up at its end."""

    def __init__(
        self,
        app: Any,
        path: str,
        query: str = "",
        *,
        key: str = "",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: tuple[bytes, ...] = (b"",),
    ) -> None:
        given = {"x-api-key": key} if key else {}
        pairs = (given | (headers or {})).items()
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": [(name.encode(), value.encode("latin1")) for name, value in pairs],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self._app = app
        self._chunks = list(body)
        self._hung_up = asyncio.Event()
        self._news = asyncio.Event()
        self._read = 0

    async def __aenter__(self) -> Visit:
        self.task = asyncio.create_task(self._app(self.scope, self._receive, self._send))
        return self

    async def __aexit__(self, *error: object) -> None:
        self.hang_up()
        await asyncio.wait_for(self.task, 10)

    def hang_up(self) -> None:
        self._hung_up.set()

    async def end(self, seconds: float = 10) -> Visit:
        """Wait for the whole answer."""
        await asyncio.wait_for(asyncio.shield(self.task), seconds)
        return self

    async def frame(self, seconds: float = 10) -> dict[str, Any]:
        """The next frame that is no comment: `event`, `id` if there is one, and `data`."""
        while True:
            text = await asyncio.wait_for(self._next(), seconds)
            if not text.startswith(":"):
                return parsed(text)

    async def frames(self, seconds: float = 10) -> list[dict[str, Any]]:
        """All frames, comments left out, of the whole answer."""
        await self.end(seconds)
        texts = self.body.decode("ascii").split("\n\n")
        return [parsed(text) for text in texts if text and not text.startswith(":")]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def _next(self) -> str:
        while (end := self.body.find(b"\n\n", self._read)) < 0:
            assert not self.ended, "the stream has ended"
            self._news.clear()
            await self._news.wait()
        text = self.body[self._read : end].decode("ascii")
        self._read = end + 2
        return text

    async def _receive(self) -> dict[str, Any]:
        if self._chunks:
            chunk = self._chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks)}
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]
            self.ended = not message["more_body"]
        self._news.set()


def parsed(text: str) -> dict[str, Any]:
    lines = dict(line.split(": ", 1) for line in text.split("\n"))
    return {**lines, "data": json.loads(lines["data"])}
