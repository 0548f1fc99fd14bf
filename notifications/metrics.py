"""What this process counts of its deliveries, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from intents.metrics import LATENESS

TRIES = Counter("countersign_delivery_tries", "Tries to deliver, by what came of them.", ["channel", "fate"])
SENT_AFTER = Histogram(
    "countersign_delivery_seconds", "From queueing a message to its channel's yes.", ["channel"], buckets=LATENESS
)
