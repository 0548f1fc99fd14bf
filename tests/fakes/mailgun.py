"""Mailgun, as far as anymail speaks to it: takes mails over HTTP, and signs its reports about them."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SIGNING_KEY = "a signing key of mailgun that is long enough"


@dataclass
class Mailgun:
    """Where it listens, and the id of each mail that it took."""

    url: str = ""
    taken: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[Mailgun]:
        """On a free port of the loopback."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/v3"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                taken.append(f"<{secrets.token_hex(8)}@mail.acme.example>")
                body = json.dumps({"id": taken[-1], "message": "Queued. Thank you."}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def report(event: str, message_id: str, recipient: str, *, key: str = SIGNING_KEY, **data: Any) -> dict[str, Any]:
    """The body of a report, signed."""
    token, timestamp = secrets.token_hex(25), "1794232920"
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    said = {"event": event, "recipient": recipient, "timestamp": 1794232920.5, **data}
    said["message"] = {"headers": {"message-id": message_id.strip("<>")}}
    return {"signature": {"timestamp": timestamp, "token": token, "signature": signature}, "event-data": said}
