"""Intents created per second, and whole lives per second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from intents.models import Intent, Outbox
from tests.acts import gate_of, say
from tests.bench import limits
from tests.bench.house import House, Meter
from tests.bench.report import Row, spread
from tests.bench.rows import Original, original
from tests.factories import send

CONNECTIONS = (8, 32)


def seconds(house: House) -> float:
    return 4.0 if house.quick else 10.0


def creates(house: House) -> Iterator[Row]:
    """`POST /v1/intents` of an intent for people, with an Idempotency-Key, first without and then with the tellers."""
    with house.fresh("creates"):
        of = original(send(house.world, to_agent="human"))
        script = limits.creates_script(of)
        for number in CONNECTIONS:
            limit = limits.per_second(house, script, number, seconds=seconds(house) / 2)
            yield flow(house, "creates", number, of, limit=f"{limit:.0f}/s")
        yield flow(house, "creates", CONNECTIONS[0], of, tellers=True)


def lives(house: House) -> Iterator[Row]:
    """Created, waited for on a stream, decided by a person's token, the answer received."""
    with house.fresh("lives"):
        opened = original(send(house.world, to_agent="human"))
        for number in CONNECTIONS:
            peer = house.dbos("lives", connections=number, seconds=seconds(house), pool=number + 8)
            rate = len(peer["took"]) / seconds(house)
            limit = limits.per_second(house, life_script(house, opened), number, seconds=seconds(house) / 2)
            told = {"peer": f"{rate:.0f}/s, {spread(peer['took'])}", "limit": f"{limit:.0f}/s"}
            yield flow(house, "lives", number, opened, rate=rate, **told)


def life_script(house: House, opened: Original) -> list[str]:
    """The script of a life, from one that was lived here."""
    intent = send(house.world, to_agent="human")
    say(gate_of(intent), house.world.ana)
    return limits.lives_script(opened, original(intent))


def flow(
    house: House, kind: str, connections: int, of: Original, *, tellers: bool = False, rate: float = 0, **told: Any
) -> Row:
    """One measurement of either kind."""
    with ExitStack() as stack:
        pids = stack.enter_context(house.workers("announce", "deliver")) if tellers else []
        live = stack.enter_context(house.web())
        job = {
            "connections": connections,
            "seconds": seconds(house),
            "warm": 1.0,
            "run": f"{kind}{connections}{tellers}{time.time()}",
        }
        with Meter(web=[live.process.pid], tellers=pids) as meter:
            found = house.load(kind, live, last_seq=of.last_seq, **job)
        left = Outbox.objects.count()
    per = len(found["took"]) / seconds(house)
    generator = found["cpu"] / found["count"] * 1000
    note = f"CPU for each: {meter.per(found['count'])}, load generator {generator:.2f} ms"
    if tellers:
        note += f"; {left} events not yet told of {Intent.objects.count()} intents"
    if rate:
        note += f"; {per / rate:.1f} times DBOS"
    name = {"creates": "intents with a gate created", "lives": "whole lives"}[kind]
    what = f"{name}, {connections} connections{', tellers at work too' if tellers else ''}"
    return Row(what, f"{per:.0f}/s, {spread(found['took'])}", note=note, **told)
