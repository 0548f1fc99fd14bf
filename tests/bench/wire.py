"""A cheap HTTP client on raw sockets, so that the load generator leaves the cores to what is measured."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

LOOPBACK = "127.0.0.1"


class Line(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0 or self._answer is None:
            return
        head = bytes(self._buffer[:head_end]).lower()
        start = head.index(b"content-length:") + 15
        size = int(head[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) < head_end + 4 + size:
            return
        body = bytes(self._buffer[head_end + 4 : head_end + 4 + size])
        del self._buffer[: head_end + 4 + size]
        answer, self._answer = self._answer, None
        answer.set_result((int(head[9:12]), body))

    async def post(self, path: str, auth: str, body: bytes, more: str = "") -> dict[str, Any]:
        """The answer's JSON. An error for anything but 200."""
        assert self._transport is not None
        head = f"POST {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\n{auth}\r\n{more}content-type: application/json\r\n"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        status, answer = await self._answer
        if status != 200:
            raise RuntimeError(f"POST {path} was answered by {status}: {answer[:500]!r}")
        return dict(json.loads(answer))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def connect(port: int) -> Line:
    _, line = await asyncio.get_running_loop().create_connection(Line, LOOPBACK, port)
    return line


class Stream:
    """An intent's event stream; the connection serves many in turn."""

    FINAL = (b"COMPLETED", b"CANCELED", b"FAILED", b"TIMED_OUT")

    def __init__(self, port: int, auth: str) -> None:
        self._port, self._auth = port, auth
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.is_parked = asyncio.Event()

    async def open(self, intent_id: str, since: int = 0, wait_seconds: int = 60) -> None:
        """Ask for the events after `since`, and read until the server has sent its head."""
        if self._reader is None or self._writer is None or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection(LOOPBACK, self._port)
        path = f"/v1/intents/{intent_id}/events/stream?since={since}&wait_seconds={wait_seconds}"
        self._writer.write(f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\n{self._auth}\r\n\r\n".encode())
        status = (await self._reader.readline()).split(b" ")[1]
        if status != b"200":
            raise RuntimeError(f"the stream was refused: {status!r} {await self._reader.read(500)!r}")

    async def until_final(self) -> bool:
        """True if the terminal event came, False if the server ended the stream before."""
        assert self._reader is not None
        async for line in self._reader:
            if line.startswith(b"data: ") and any(b'"status":"' + word in line for word in self.FINAL):
                return True
            if line == b"0\r\n":
                await self._reader.readline()
                break
        return False

    async def rest(self) -> None:
        """Read to the end of the answer, so that the connection can be used again."""
        assert self._reader is not None
        while await self._reader.readline() not in (b"0\r\n", b""):
            pass
        await self._reader.readline()

    async def parked(self, last_seq: int) -> None:
        """Read until the event with this number has come: from then on it waits."""
        assert self._reader is not None
        mark = f"id: {last_seq}".encode()
        async for line in self._reader:
            if line.rstrip() == mark:
                self.is_parked.set()
                return
        raise RuntimeError("the stream ended before it was parked")

    def close(self) -> None:
        """The next `open` makes a new connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
