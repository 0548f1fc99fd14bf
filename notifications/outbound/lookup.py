"""Names to addresses: looked up once, within a time limit, and refused as a whole if one of them is not public."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from notifications.outbound.addresses import Address, is_public, parse_address
from notifications.outbound.target import Refused

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host. Raises OSError if there are none."""
MOST_ADDRESSES = 8


class NotFound(Exception):
    """The name has no address now. Says why in words."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """As the operating system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def look_up(host: str, port: int, resolver: Resolver, seconds: float, *, allow_private: bool = False) -> list[Address]:
    """All addresses of this host. NotFound if there are none in time, Refused if one of them is not public."""
    addresses = [parse_address(text) for text in _in_time(host, port, resolver, seconds)]
    known = [address for address in addresses if address is not None][:MOST_ADDRESSES]
    if not known:
        raise NotFound(f"{host} has no address")
    hidden = [] if allow_private else [address for address in addresses if address is None or not is_public(address)]
    if hidden:
        raise Refused(f"{host} leads to what is not a public address.")
    return known


def _in_time(host: str, port: int, resolver: Resolver, seconds: float) -> Sequence[str]:
    """The system's own lookup has no time limit; a thread that hangs in one is left behind and ends by itself."""
    answer: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True, name="lookup").start()
    try:
        found = answer.get(timeout=seconds)
    except Empty:
        raise NotFound(f"looking up {host} took too long") from None
    if isinstance(found, OSError):
        raise NotFound(f"{host} cannot be looked up: {(found.strerror or str(found)).lower()}")
    return found
