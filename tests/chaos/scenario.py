"""One kind of fault: a cluster, lives, a plug that is pulled all the while, and then the verdict."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests.chaos.cluster import DATABASE, Cluster
from tests.chaos.faults import FAULTS
from tests.fakes.smtp import SmtpServer

if TYPE_CHECKING:
    from tests.chaos.lives import Callers, Life

AT_ONCE = 64
REST_SECONDS = 120.0
SLOWEST_SECONDS = {"redis-flushed": 3.0, "redis-hung": 3.0, "redis-killed": 3.0}
"""No request may take longer, whatever Redis does."""
MAY_REPEAT = ("database-restarted", "processes-killed")
"""Whoever dies between a mail and its settling sends it again: at least once is the promise."""


def run(name: str, lives: int, rate: float, seed: int) -> int:
    """0 if everything held, else 1; says what it saw, and where the logs of what did not hold are."""
    home = Path(tempfile.mkdtemp(prefix="countersign-chaos-"))
    mails = home / "mails"
    mails.mkdir()
    code = 1
    try:
        with SmtpServer(mails) as smtp, closing(Cluster(home, smtp.port)) as cluster:
            cluster.prepare()
            code = _run(name, cluster, smtp, lives, rate, seed)
    finally:
        _leave(home, held=code == 0)
    return code


def _leave(home: Path, *, held: bool) -> None:
    for name in ("mails", DATABASE) if not held else ("",):
        shutil.rmtree(home / name, ignore_errors=True)
    if not held:
        print(f"  the logs of all processes are in {home}", flush=True)


def _run(name: str, cluster: Cluster, smtp: SmtpServer, number: int, rate: float, seed: int) -> int:
    os.environ.update(cluster.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"})
    django.setup()
    from tests.chaos import verdict
    from tests.chaos.lives import Callers
    from tests.chaos.world import AGENT, make_places

    places = make_places()
    cluster.start([(place.agent_key, AGENT) for place in places])
    callers = Callers(cluster.ports, seed)
    callers.call("GET", "/health/ready")
    started = time.monotonic()
    lives = _live(name, cluster, callers, _all(number, places), rate, seed)
    lived = time.monotonic() - started
    rested = _rest(verdict.at_rest)
    found = list(verdict.faults(lives, smtp, mails_may_repeat=name in MAY_REPEAT))
    found += _slow(name, callers) + ([] if rested is not None else [f"it did not come to rest in {REST_SECONDS:g} s"])
    _report(name, lives, callers, cluster, f"{lived:.0f} s, at rest {rested or 0:.0f} s later", smtp, seed)
    for fault in found[:20]:
        print(f"  WRONG: {fault}")
    print(f"  {'HELD' if not found else f'{len(found)} faults'}", flush=True)
    return 1 if found else 0


def _all(number: int, places: list) -> list[Life]:
    from tests.chaos.lives import Life
    from tests.chaos.world import KINDS

    return [Life(index, KINDS[index % len(KINDS)], places[index % len(places)]) for index in range(number)]


def _live(name: str, cluster: Cluster, callers: Callers, lives: list[Life], rate: float, seed: int) -> list[Life]:
    """The fault ends when the last life has, or when all are broken off."""
    from tests.chaos.lives import live

    fault = threading.Thread(target=FAULTS[name], args=(cluster, callers.over, random.Random(seed)))
    fault.start()
    crowd = ThreadPoolExecutor(AT_ONCE)
    try:
        futures = []
        for life in lives:
            futures.append(crowd.submit(live, life, callers))
            time.sleep(1 / rate)
        return [future.result() for future in futures]
    finally:
        callers.over.set()
        fault.join()
        crowd.shutdown(wait=False, cancel_futures=True)


def _rest(at_rest) -> float | None:
    """Seconds until nothing was left to do; None if that never came."""
    started = time.monotonic()
    while time.monotonic() - started < REST_SECONDS:
        try:
            if at_rest():
                return time.monotonic() - started
        except django.db.OperationalError:  # our own connection of before the restart
            django.db.connections.close_all()
        time.sleep(0.5)
    return None


def _slow(name: str, callers: Callers) -> list[str]:
    slowest = max(callers.seconds)
    limit = SLOWEST_SECONDS.get(name)
    return [f"a request took {slowest:.1f} s"] if limit and slowest >= limit else []


def _report(
    name: str, lives: list[Life], callers: Callers, cluster: Cluster, took: str, smtp: SmtpServer, seed: int
) -> None:
    quantiles = statistics.quantiles(callers.seconds, n=100)
    starts = {process.name: process.starts for process in (cluster.database, cluster.redis, *cluster.apps)}
    again = ", ".join(f"{which} {number - 1}" for which, number in starts.items() if number > 1)
    print(f"{name}: {len(lives)} lives in {took}; seed {seed}")
    p50, p99, slowest = (1000 * seconds for seconds in (quantiles[49], quantiles[98], max(callers.seconds)))
    print(f"  {len(callers.seconds)} requests answered: p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {slowest:.0f} ms")
    print(f"  {callers.failed} tries without an answer; {len(smtp.mails())} mails")
    print(f"  restarted: {again or 'nothing'}")
