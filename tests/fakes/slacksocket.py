"""Slack's side of Socket Mode: a real WebSocket server, which gives each envelope to one of its connections and waits
for the acknowledgement.

    envelope = slack.sockets.send("interactive", payload)     to the newest connection, or to `links[n]`
    slack.sockets.ack(envelope)                               what came back, and after how many seconds
    slack.sockets.again(envelope, link)                       Slack has heard nothing, and sends it once more
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

LOOPBACK = "127.0.0.1"
SLACK_WAITS = 3.0


@dataclass(frozen=True)
class Ack:
    """An acknowledgement; `payload` is None if it had none."""

    payload: Any
    seconds: float


class Sockets:
    """`links` are the connections that are open, in order. The server starts when somebody asks for an address."""

    def __init__(self) -> None:
        self.links: list[ServerConnection] = []
        self.opened = 0
        self.acks: dict[str, list[Ack]] = defaultdict(list)
        self._envelopes: dict[str, dict[str, Any]] = {}
        self._sent_at: dict[str, float] = {}
        self._tickets: set[str] = set()
        self._server: Server | None = None
        self._changed = threading.Condition()

    def address(self) -> str:
        """Where to connect to, once."""
        if self._server is None:
            self._server = serve(self._talk, LOOPBACK, 0, process_request=self._admit, compression=None)
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return f"ws://{LOOPBACK}:{self._server.socket.getsockname()[1]}/link/?ticket={ticket}"

    def stop(self) -> None:
        """All connections end."""
        if self._server is not None:
            self.drop()
            self._server.shutdown()

    def wait_for(self, count: int, seconds: float = 10.0) -> None:
        """Until so many connections were opened in all, and the last of them is there."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.opened >= count and self.links, seconds), "nobody connects"

    def waits_for_more(self, seconds: float) -> bool:
        """True if somebody connects within so many seconds."""
        before = self.opened
        with self._changed:
            return self._changed.wait_for(lambda: self.opened > before, seconds)

    def send(self, kind: str, payload: dict[str, Any], link: int = -1) -> str:
        """Give this to one connection; the envelope's id."""
        envelope_id, accepts = str(uuid4()), kind != "events_api"
        known = {"type": kind, "envelope_id": envelope_id, "payload": payload, "accepts_response_payload": accepts}
        self._envelopes[envelope_id] = known
        return self.again(envelope_id, link)

    def push(self, body: bytes, link: int = -1) -> str:
        """What Slack would post over HTTP, through a connection."""
        if body.startswith(b"{"):
            return self.send("events_api", json.loads(body), link)
        given = dict(parse_qsl(body.decode(), keep_blank_values=True))
        kind = "interactive" if "payload" in given else "slash_commands"
        return self.send(kind, json.loads(given["payload"]) if "payload" in given else given, link)

    def again(self, envelope_id: str, link: int = -1) -> str:
        """Send it once more."""
        self._sent_at[envelope_id] = time.monotonic()
        self.links[link].send(json.dumps(self._envelopes[envelope_id]))
        return envelope_id

    def ack(self, envelope_id: str, count: int = 1, seconds: float = SLACK_WAITS) -> Ack:
        """The acknowledgement. An error if Slack would not have waited for it."""
        assert self._arrives(envelope_id, count, seconds), f"not acknowledged within {seconds:g} s"
        return self.acks[envelope_id][-1]

    def is_left_unanswered(self, envelope_id: str, seconds: float = 0.5) -> bool:
        """True if it is not acknowledged for so long."""
        return not self._arrives(envelope_id, 1, seconds)

    def say_goodbye(self, reason: str = "refresh_requested", link: int = -1) -> None:
        """Ask a connection to be replaced; Slack ends it itself some seconds later."""
        self.links[link].send(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {}}))

    def drop(self) -> None:
        """Every connection is gone, without a word."""
        for link in list(self.links):
            with contextlib.suppress(OSError):
                link.socket.shutdown(socket.SHUT_RDWR)

    def _arrives(self, envelope_id: str, count: int, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.acks[envelope_id]) >= count, seconds)

    def _admit(self, link: ServerConnection, request: Request) -> Response | None:
        """An address is good once."""
        (ticket,) = parse_qs(urlsplit(request.path).query).get("ticket", [""])
        if ticket not in self._tickets:
            return link.respond(HTTPStatus.UNAUTHORIZED, "no such ticket")
        self._tickets.remove(ticket)
        return None

    def _talk(self, link: ServerConnection) -> None:
        link.send(json.dumps({"type": "hello", "num_connections": len(self.links) + 1, "debug_info": {}}))
        with self._changed:
            self.links.append(link)
            self.opened += 1
            self._changed.notify_all()
        try:
            with contextlib.suppress(ConnectionClosed):
                for message in link:
                    self._hear(json.loads(message))
        finally:
            self.links.remove(link)

    def _hear(self, said: dict[str, Any]) -> None:
        seconds = time.monotonic() - self._sent_at[said["envelope_id"]]
        with self._changed:
            self.acks[said["envelope_id"]].append(Ack(said.get("payload"), seconds))
            self._changed.notify_all()
