"""The wire below slack_sdk's WebSocket, with what that leaves out."""

from __future__ import annotations

import contextlib
import socket

ENDED = "Slack has ended the connection."


class Line:
    """In place of a session's socket: an end is an error (slack_sdk would read on without a pause), and all is sent."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    def recv(self, size: int) -> bytes:
        """The next bytes; ConnectionResetError after the last."""
        data = self._wire.recv(size)
        if not data:
            raise ConnectionResetError(ENDED)
        return data

    def send(self, data: bytes) -> int:
        """Send all of it."""
        self._wire.sendall(data)
        return len(data)

    def end(self) -> None:
        """Whoever waits in `recv` waits no longer."""
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the wire go."""
        self._wire.close()
