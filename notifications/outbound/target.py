"""Where a request may go, as far as its URL tells. Pure: names are looked up and checked later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from notifications.outbound.addresses import is_public, parse_address

LONGEST_URL = 2048
LAST_PORT = 65535
DEFAULT_PORTS = {"https": 443, "http": 80}
NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
ENTRY = re.compile(r"(?:(?P<scheme>http)://)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+):(?P<port>[0-9]{1,5})")


class Refused(Exception):
    """Nothing is ever sent there. Says why in words that the owner of the URL can act on."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart once; nothing reads it a second time. `host` is lower-case ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    path: bytes

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL as it is meant, with an international name in its ASCII form."""
        return f"{self.scheme}://{self.authority}{self.path.decode()}"


class Allowed:
    """The places inside one's own network that an administrator lets requests go to: `host:port`, exactly.

    `http://host:port` also allows it in clear text, which a system check refuses beyond loopback.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self.in_clear: set[tuple[str, int]] = set()
        self.places: set[tuple[str, int]] = set()
        for entry in entries:
            found = ENTRY.fullmatch(entry.strip().lower())
            if not found:
                raise ValueError(f"{entry!r} is not like hooks.internal:8443.")
            place = (found["host"].strip("[]"), int(found["port"]))
            self.places.add(place)
            if found["scheme"]:
                self.in_clear.add(place)

    def permits(self, target: Target) -> bool:
        """True if an administrator named this very host and port."""
        return (target.host, target.port) in self.places

    def permits_clear_text(self, target: Target) -> bool:
        """True if an administrator named it with http://."""
        return (target.host, target.port) in self.in_clear


NOTHING_ALLOWED = Allowed()


def read_url(url: str, allowed: Allowed = NOTHING_ALLOWED) -> Target:
    """The target of this URL. Refused unless it is https to a named host, or to a public address."""
    target = _take_apart(url)
    if target.scheme != "https" and not allowed.permits_clear_text(target):
        raise Refused("Write an https:// URL: nothing is sent in clear text.")
    address = parse_address(target.host)
    if address is not None and not is_public(address) and not allowed.permits(target):
        raise Refused(f"{target.host} is not a public address.")
    return target


def _take_apart(url: str) -> Target:
    if len(url) > LONGEST_URL or not url.isprintable():
        raise Refused(f"The URL is longer than {LONGEST_URL} characters, or holds some that cannot be printed.")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Refused(f"This is not a URL: {error}.") from error
    if parsed.scheme not in DEFAULT_PORTS:
        raise Refused("Write an https:// URL.")
    if parsed.userinfo or "\\" in url:
        raise Refused("A URL with a user name, a password or a backslash is not taken.")
    target = Target(parsed.scheme, _host(parsed), _port(parsed), parsed.raw_path)
    if len(target.url) > LONGEST_URL:
        raise Refused(f"The URL is longer than {LONGEST_URL} characters when it is written out in ASCII.")
    return target


def _host(parsed: httpx.URL) -> str:
    host = parsed.raw_host.decode().lower().removesuffix(".")
    address = parse_address(host) if "%" not in host else None
    if address is not None:
        return str(address)
    if not NAME.fullmatch(host) or len(host) > 253:
        raise Refused("The URL does not name a host.")
    return host


def _port(parsed: httpx.URL) -> int:
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port <= LAST_PORT:
        raise Refused(f"A port is a number from 1 to {LAST_PORT}.")
    return port
