"""A stranger who sends headers without end, or none, over a real connection."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from config import requesthead
from intents.asgi import Receive, Scope, Send


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"%05d" % (len(body) % 100_000)})


@pytest.fixture
def port() -> Iterator[int]:
    app: Any = _echo
    config = uvicorn.Config(app, port=0, http=requesthead.BoundedHead, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(5)


def _connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(5)
    return client


def _until_closed(client: socket.socket) -> bytes:
    found = b""
    try:
        while chunk := client.recv(65_536):
            found += chunk
    except ConnectionError:
        pass
    return found


@pytest.mark.parametrize("line", [b"X-A: " + b"a" * 8_000 + b"\r\n", b"a" * 8_000], ids=["many", "endless"])
def test_a_connection_ends_when_its_headers_do_not(port: int, line: bytes) -> None:
    with _connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-B: ")

        with pytest.raises(ConnectionError):
            client.sendall(line * 2_000)


def test_a_connection_ends_when_no_request_comes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesthead, "PATIENCE_SECONDS", 0.2)

    with _connect(port) as client:
        client.sendall(b"GET / HT")

        assert _until_closed(client) == b""


def test_large_bodies_and_requests_in_a_row_are_served(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + b"b" * 90_000

    answer = b""
    with _connect(port) as client:
        for _ in range(20):
            client.sendall(request)
            answer = b""
            while not answer.endswith(b"90000"):
                answer += client.recv(65_536)

        assert answer.startswith(b"HTTP/1.1 200")
