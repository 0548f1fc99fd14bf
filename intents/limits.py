"""How often a caller may ask: whole minutes, counted in this process alone, so that no request waits for Redis.

With several web processes the limit is per process. A minute begins with the first request of its caller.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from intents.errors import DomainError

MOST_COUNTERS = 10_000  # a few hundred bytes each; whoever comes beyond shares one
IPV6_NETWORK = 64  # what one subscriber has


class RateLimited(DomainError):
    """Too many requests in this minute (429, Retry-After)."""

    status = 429
    code = "rate_limit_exceeded"


@dataclass(frozen=True)
class Standing:
    """How a caller stands after a request. `resets_at` in seconds since 1970."""

    limit: int
    remaining: int
    resets_at: float
    exceeded: bool

    def check(self) -> None:
        """RateLimited if this request was one too many."""
        if self.exceeded:
            wait = max(1, math.ceil(self.resets_at - time.time()))
            error = RateLimited(f"More than {self.limit} requests in a minute. Ask again in {wait} seconds.")
            error.retry_after = wait
            raise error

    def headers(self) -> dict[str, str]:
        """As answers say it."""
        values = {"Limit": self.limit, "Remaining": self.remaining, "Reset": math.ceil(self.resets_at)}
        return {f"X-RateLimit-{name}": str(value) for name, value in values.items()}


class Minutes:
    """Counts requests by caller and endpoint. Of bounded size, and safe from any thread."""

    def __init__(self, most: int = MOST_COUNTERS) -> None:
        self._most = most
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)

    def count(self, who: str, what: str) -> Standing | None:
        """One more request; None if requests are not limited (settings.REQUESTS_PER_MINUTE is 0)."""
        if not settings.REQUESTS_PER_MINUTE:
            return None
        item = _minute(settings.REQUESTS_PER_MINUTE)
        name = (who, what) if self._has_room(item.key_for(who, what)) else ("others", what)
        allowed = self._limiter.hit(item, *name)
        resets_at, remaining = self._limiter.get_window_stats(item, *name)
        return Standing(item.amount, remaining, resets_at, not allowed)

    def forget(self) -> None:
        """Begin again."""
        self._storage.reset()

    def __len__(self) -> int:
        return len(self._storage.storage)

    def _has_room(self, key: str) -> bool:
        return len(self) < self._most or key in self._storage.storage


MINUTES = Minutes()


def stranger(peer: str, forwarded: str) -> Standing | None:
    """Count a request without a good credential, by where it comes from. Who has a good one is never counted here."""
    return MINUTES.count(f"from {network_of(peer, forwarded)}", "without a credential")


def network_of(peer: str, forwarded: str) -> str:
    """The caller's address, or its IPv6 network. Behind our proxy it is what the proxy wrote last."""
    last = forwarded.rpartition(",")[2].strip()
    text = last if settings.BEHIND_PROXY and last else peer
    try:
        address = ip_address(text)
    except ValueError:
        return "unknown"
    return str(ip_network((address, IPV6_NETWORK), strict=False)) if isinstance(address, IPv6Address) else text


@cache
def _minute(amount: int) -> RateLimitItem:
    return RateLimitItemPerMinute(amount)
