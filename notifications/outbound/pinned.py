"""Sockets to addresses that were checked, under one budget of time and bytes for the whole exchange.

Each wait gets what is left, so that a peer who sends a byte now and then gains nothing by it.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from notifications.outbound.addresses import Address

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
MOST_BYTES = 64 * 1024


class TooSlow(httpcore.TimeoutException):
    """The time is up, whoever was to blame."""


class TooMuch(httpcore.ReadError):
    """The peer said more than anybody wants to know."""


class Budget:
    """What one exchange may cost. Connecting, TLS included, has a shorter time of its own."""

    def __init__(self, connect: float = CONNECT_SECONDS, total: float = TOTAL_SECONDS, most: int = MOST_BYTES) -> None:
        start = time.monotonic()
        self._connect_by, self._end = start + connect, start + total
        self._bytes_left = most

    def seconds(self, *, connecting: bool = False) -> float:
        """What is left, more than nothing; TooSlow otherwise."""
        left = (min(self._connect_by, self._end) if connecting else self._end) - time.monotonic()
        if left <= 0:
            raise TooSlow("it took too long to connect" if connecting else "it took too long to answer")
        return left

    def took(self, count: int) -> None:
        """Count what was read; TooMuch beyond the limit."""
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise TooMuch("the answer is too long")


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to the given addresses, in their order, whatever host it is asked for. It looks nothing up."""

    def __init__(self, addresses: Sequence[Address], budget: Budget) -> None:
        self._addresses = addresses
        self._budget = budget

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that takes the connection; the time is shared among those that are left."""
        failure = OSError("no address")
        for position, address in enumerate(self._addresses):
            share = self._budget.seconds(connecting=True) / (len(self._addresses) - position)
            try:
                connection = socket.create_connection((str(address), port), share)
            except OSError as error:
                failure = error
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return PinnedStream(connection, self._budget)
        self._budget.seconds(connecting=True)
        raise httpcore.ConnectError(_in_words(failure)) from failure


class PinnedStream(httpcore.NetworkStream):
    """A connection whose every wait is bounded by the budget; the timeouts of its caller are not needed."""

    def __init__(self, connection: socket.socket, budget: Budget) -> None:
        self._socket = connection
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Whatever has come."""
        self._socket.settimeout(self._budget.seconds())
        try:
            data = self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise TooSlow("it took too long to answer") from error
        except OSError as error:
            raise httpcore.ReadError(_in_words(error)) from error
        self._budget.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of it."""
        while buffer:
            self._socket.settimeout(self._budget.seconds())
            try:
                buffer = buffer[self._socket.send(buffer) :]
            except TimeoutError as error:
                raise TooSlow("it took too long to take the message") from error
            except OSError as error:
                raise httpcore.WriteError(_in_words(error)) from error

    def close(self) -> None:
        """Without ceremony."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The certificate must be good for `server_hostname`, whatever the address is."""
        try:
            self._socket.settimeout(self._budget.seconds(connecting=True))
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise TooSlow("it took too long to connect") from error
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(_in_words(error)) from error
        return PinnedStream(secured, self._budget)

    def get_extra_info(self, info: str) -> Any:
        """Nobody keeps these connections, so nobody needs to know."""
        return None


def _in_words(error: OSError) -> str:
    """What went wrong, without numbers of the operating system."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return (error.strerror or type(error).__name__).lower()
