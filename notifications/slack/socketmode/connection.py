"""One WebSocket to Slack, by slack_sdk's own client. It lives once: who keeps it opens the next one and when."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from notifications.slack.client import client_with
from notifications.slack.socketmode.line import Line

log = logging.getLogger(__name__)
THREADS = 10
"""How many envelopes one connection has under way at most."""
BUFFER = 16_384
NOT_OPEN = "Slack did not open the connection."

Take = Callable[["Connection", SocketModeRequest], None]


class Connection(SocketModeClient):
    """Never connects again by itself: slack_sdk would try without a growing pause, for ever.

    `greeted`: Slack has said hello. `farewell`: why Slack asks to leave it, "" while it does not.
    """

    def __init__(self, app_token: str, take: Take, look: Callable[[], None]) -> None:
        self.greeted, self.farewell = False, ""
        self._closing, self._look = False, look
        self._line: Line | None = None
        super().__init__(app_token, log, client_with(app_token), False, concurrency=THREADS, receive_buffer_size=BUFFER)
        self.socket_mode_request_listeners.append(lambda _, envelope: take(self, envelope))

    @property
    def is_good(self) -> bool:
        """True as long as nobody has to open another one."""
        return self.is_connected() and not self.farewell

    def connect(self) -> None:
        """Open it. One of FAULTS if that fails."""
        super().connect()
        session = self.current_session
        if session is None or session.sock is None:
            raise SlackClientNotConnectedError(NOT_OPEN)
        self._line = session.sock = Line(session.sock)  # type: ignore[assignment]

    def issue_new_wss_url(self) -> str:
        """Where to connect to, once. slack_sdk's would sleep when it is asked to slow down."""
        return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])

    def enqueue_message(self, message: str) -> None:
        """Envelopes are taken until the connection is finished; words about the connection itself are noted."""
        said = _read(message)
        if said.get("type") == "hello":
            self.greeted = True
        elif said.get("type") == "disconnect":
            self.farewell = str(said.get("reason") or "disconnect")
        elif "envelope_id" in said and not self._closing:
            super().enqueue_message(message)
            return
        self._look()

    def finish(self) -> None:
        """Take nothing more, let what was taken be answered, and close."""
        self._closing = True
        self.message_workers.shutdown()
        if self._line is not None:
            self._line.end()
        self.current_session_runner.shutdown()  # type: ignore[no-untyped-call]  # it lets the socket go
        self.closed = True
        self.message_queue.put(None)  # slack_sdk's thread looks at once whether it is over
        self.close()

    def _on_error(self, error: Exception) -> None:
        log.info("slack connection ended", extra={"why": str(error)})
        self._look()


def opened(app_token: str, take: Take, look: Callable[[], None]) -> Connection:
    """A connection that is open. Raises one of FAULTS. `look` is called when there is something to look at."""
    connection = Connection(app_token, take, look)
    try:
        connection.connect()
    except BaseException:
        connection.finish()
        raise
    return connection


def _read(message: str) -> dict[str, Any]:
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
