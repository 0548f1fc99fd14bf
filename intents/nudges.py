"""What should be looked at soon. A commit adds names to a set in this process; one thread elsewhere drains it.

Losing a nudge costs at most one tick: the rows are the truth. No request ever speaks to a broker.
"""

from __future__ import annotations

import threading

from django.db import transaction

ANNOUNCE = "announce"
DELIVER = "deliver"
PUSH = "push"

_names: set[str] = set()
_lock = threading.Lock()
_some = threading.Event()


def after_commit(*names: str) -> None:
    """Add these names once the current transaction has committed (at once outside of one)."""
    transaction.on_commit(lambda: add(*names))


def add(*names: str) -> None:
    """Add names now."""
    with _lock:
        _names.update(names)
    _some.set()


def wait(seconds: float) -> bool:
    """Until there is a name, but not longer; true if there is one."""
    return _some.wait(seconds)


def drain() -> set[str]:
    """All names since the last drain."""
    _some.clear()
    with _lock:
        taken = set(_names)
        _names.clear()
    return taken


def of_intent(intent_id: object) -> str:
    """The name that wakes those who wait for this intent."""
    return f"intent:{intent_id}"


def of_agent(address: str) -> str:
    """The name that wakes those who listen on this address."""
    return f"agent:{address}"
