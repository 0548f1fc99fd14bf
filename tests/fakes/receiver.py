"""A real HTTPS server that takes webhooks, checks their signatures, and answers as a test wants.

What it does with a request is the next word of `script`, or `always` when that is empty:

    204, 500, ...            that status             429 7        that status with Retry-After: 7
    302 https://elsewhere/   with that Location      hang         reads the request and never answers
    trickle                  a status line, then a byte now and then, for ever
    huge                     a status, then a body without end
    squeezed                 a body that says it is gzip, and is not
    early                    headers without end before the real ones
    deaf                     never reads the request
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LOOPBACK = "127.0.0.1"
PAUSE = 0.2


@dataclass(frozen=True)
class Got:
    """One request as it came; `genuine` if its signature was checked and good."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    genuine: bool

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))


@dataclass
class Receiver:
    """`with Receiver(context).running() as receiver:`; `secret` is what its owner told the server."""

    context: ssl.SSLContext | None = None
    host: str = LOOPBACK
    secret: str = ""
    always: str = "204"
    script: deque[str] = field(default_factory=deque)
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://localhost:{self.port}/hook"

    @property
    def place(self) -> str:
        """As an administrator would allow it."""
        return f"{'' if self.context else 'http://'}localhost:{self.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Receiver]:
        with socket.create_server((self.host, self.port)) as listening:
            self.port = int(listening.getsockname()[1])
            server = Server((self.host, self.port), self._handler(), bind_and_activate=False)
            server.socket.close()
            server.socket, server.receiver = listening, self
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self.over.set()
                server.shutdown()
                thread.join()
                server.server_close()
        self.over.clear()

    def take(self, path: str, headers: Mapping[str, str], raw: bytes) -> str:
        """Note a request; what to do with it."""
        names = {name.lower(): value for name, value in headers.items()}
        self.got.append(Got(path, names, raw, self._is_genuine(raw, names)))
        return self.script.popleft() if self.script else self.always

    def _is_genuine(self, raw: bytes, headers: dict[str, str]) -> bool:
        """As the documentation tells receivers to do it."""
        if not self.secret:
            return False
        key = self.secret if self.secret.startswith("whsec_") else self.secret.encode()
        try:
            Webhook(key).verify(raw, headers)
        except WebhookVerificationError:
            return False
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        return Deaf if self.always == "deaf" else Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: a client that does not shake hands holds up nobody else."""
        self.receiver.connections += 1
        if not self.receiver.context:
            super().finish_request(request, client_address)
            return
        with self.receiver.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that turn away are no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        word, _, more = self.server.receiver.take(self.path, dict(self.headers.items()), raw).partition(" ")
        with contextlib.suppress(OSError):
            if word.isdigit():
                self.answer(int(word), more)
            else:
                getattr(self, word)()
        self.close_connection = True

    def answer(self, status: int, more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if more:
            self.send_header("Location" if 300 <= status < 400 else "Retry-After", more)
        self.end_headers()

    def hang(self) -> None:
        self.server.receiver.over.wait()

    def trickle(self) -> None:
        self.wfile.write(b"HTTP/1.1 ")
        while not self.server.receiver.over.wait(PAUSE):
            self.wfile.write(b"2")

    def huge(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.server.receiver.over.is_set():
            self.wfile.write(b"x" * 10_000)

    def squeezed(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")

    def early(self) -> None:
        while not self.server.receiver.over.is_set():
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: <" + b"x" * 1000 + b">\r\n\r\n")

    def log_message(self, *args: Any) -> None:
        """Tests look at `got`."""


class Deaf(Handler):
    def handle(self) -> None:
        self.server.receiver.over.wait()
