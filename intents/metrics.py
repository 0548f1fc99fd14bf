"""What this process counts and times, for Prometheus. Definitions only; `config/health.py` serves them.

Counts start at zero with the process, and count what was committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Histogram

WAITS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
LATENESS = (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)

EVENTS = Counter(
    "countersign_events", "Events written, by type: intents sent and ended, gates, decisions, ...", ["type"]
)
LOCK_WAIT = Histogram("countersign_lock_wait_seconds", "From asking for an intent's row to holding it.", buckets=WAITS)
LATE = Histogram("countersign_wake_lateness_seconds", "How late a due intent was handled.", buckets=LATENESS)
REQUESTS = Histogram(
    "countersign_request_seconds",
    "API requests until their answer was made.",
    ["method", "route", "status"],
    buckets=WAITS,
)


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observe how long the block took, also if it raised."""
    started = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - started)
