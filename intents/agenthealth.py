"""How an agent is doing, by when it was last heard of and what it holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

HEALTHY, DEGRADED, UNREACHABLE, KILLED = "healthy", "degraded", "unreachable", "killed"
STATES = (HEALTHY, DEGRADED, UNREACHABLE, KILLED)
FRESH = timedelta(minutes=2)  # a live listener is noted every minute or so
GONE = timedelta(minutes=5)  # the patience that work has with an agent that does not listen


@dataclass(frozen=True)
class Signs:
    """What is known. `held`: steps under a lease that runs."""

    killed: bool
    last_seen: datetime | None
    held: int
    may_hold: int


def health_of(signs: Signs, now: datetime) -> str:
    """Healthy: heard of within 2 min, with a hand free. Unreachable: silent for 5 min, and holding nothing."""
    if signs.killed:
        return KILLED
    silent = now - signs.last_seen if signs.last_seen else None
    if silent is not None and silent <= FRESH and signs.held < signs.may_hold:
        return HEALTHY
    if signs.held or (silent is not None and silent <= GONE):
        return DEGRADED
    return UNREACHABLE
