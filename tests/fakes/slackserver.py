"""The HTTP side of the fake Slack: reads a call, decides how it goes, answers."""

from __future__ import annotations

import contextlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.slackmethods import Refused


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    slack: Any

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that turn away are no news; an error of the fake's own is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        method = self.path.removeprefix("/api/")
        given = self._given(raw)
        slack = self.server.slack
        slack.calls.append((method, given))
        with contextlib.suppress(OSError):
            self._work(slack, method, given)

    def _work(self, slack: Any, method: str, given: dict[str, Any]) -> None:
        word = slack.planned(method)
        if word == "hang":
            slack.over.wait()
            self.close_connection = True
            return
        wait = int(word[4:] or 1) if word.startswith("429") else slack.too_fast(method, str(given.get("channel", "")))
        if wait:
            self._send(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
        elif word.isdigit():
            self._send(int(word), None)
        elif word and word not in ("drop", "stall"):
            self._send(200, {"ok": False, "error": word})
        else:
            self._do(slack, method, given, word)

    def _do(self, slack: Any, method: str, given: dict[str, Any], word: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            answer = {"ok": True, **slack.answer(method, token, given)}
        except Refused as error:
            answer = {"ok": False, "error": error.code, "response_metadata": {"messages": [error.why]}}
        if word == "stall":
            slack.over.wait()
        if word:
            self.close_connection = True
            self.connection.close()
            return
        self._send(200, answer, {"X-OAuth-Scopes": slack.app.scopes})

    def _given(self, raw: bytes) -> dict[str, Any]:
        if "json" in self.headers.get("content-type", ""):
            return dict(json.loads(raw or b"{}"))
        fields: dict[str, Any] = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        return {
            name: json.loads(value) if name in ("blocks", "metadata", "view") else value
            for name, value in fields.items()
        }

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode() if body is not None else b"<html>upstream error</html>"
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if body is not None else "text/html")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: Any) -> None:
        """Tests look at `calls`."""
