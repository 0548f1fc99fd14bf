"""What this app keeps for a while only, and the sweep that deletes what has run out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from intents import clock
from intents.models import Intent
from intents.ports import keepers
from intents.services.durable import durable
from intents.services.idempotency import forget_old

MOST = 500  # rows of one app in one transaction


class IntentsKeeper:
    """The purge and the archive know this app's own rows themselves."""

    def unsettled(self, intent_ids: Collection[UUID]) -> set[UUID]:
        """None: see `services.purge.settled`."""
        return set()

    def purge(self, intent: Intent, words: str) -> None:
        """Nothing: see `services.purge.purge`."""

    def tidy(self, now: datetime, most: int) -> int:
        """Answers that were kept for repeated requests."""
        return forget_old(now, most)


def tidy() -> int:
    """Delete some of what has run out, one short transaction per app; how many rows the longest list had."""
    now, gone = clock.now(), [0]
    for keeper in keepers():
        with durable():
            gone.append(keeper.tidy(now, MOST))
    return max(gone)
