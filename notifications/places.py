"""Whether the address of this installation can be opened from elsewhere. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

INNER_ENDINGS = (".local", ".internal", ".lan", ".home.arpa", ".localhost", ".test", ".invalid")


def is_public(base_url: str) -> bool:
    """False for loopback, for private addresses, and for names that only an inner network knows."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(INNER_ENDINGS)
