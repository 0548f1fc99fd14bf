"""Database work of parked clients: a few threads, and no connection is kept between two calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connections

from intents.lifecycle import StepStatus
from intents.models import Intent, Step

THREADS = 8
CHUNK = 10_000  # well below what SQLite takes as parameters of one statement

P = ParamSpec("P")
R = TypeVar("R")


class Reads:
    """Runs blocking calls for the event loop. Closing hands the connection back to the pool."""

    def __init__(self, threads: int = THREADS) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="reads")

    async def __call__(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The call's result; its connection is closed before this returns."""

        def closing() -> R:
            try:
                return call(*args, **kwargs)
            finally:
                connections.close_all()

        return await asyncio.get_running_loop().run_in_executor(self._executor, closing)

    async def heads(self, intent_ids: list[str], addresses: list[str]) -> tuple[dict[str, int], set[str]]:
        """See `waiters.Heads`: two queries, however many clients are parked."""
        return await self(read_heads, intent_ids, addresses)


def read_heads(intent_ids: list[str], addresses: list[str]) -> tuple[dict[str, int], set[str]]:
    """The last event seq of each intent, and those addresses that have work which nobody holds."""
    seqs: dict[str, int] = {}
    for start in range(0, len(intent_ids), CHUNK):
        rows = Intent.objects.filter(pk__in=intent_ids[start : start + CHUNK])
        seqs.update((str(pk), seq) for pk, seq in rows.values_list("pk", "last_seq"))
    ready: set[str] = set()
    for start in range(0, len(addresses), CHUNK):
        free = Step.objects.filter(status=StepStatus.READY, agent_address__in=addresses[start : start + CHUNK])
        ready.update(free.values_list("agent_address", flat=True).distinct())
    return seqs, ready
