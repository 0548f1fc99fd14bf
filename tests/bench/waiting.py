"""From a decision to the client that waits for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from tests.bench import limits
from tests.bench.house import House
from tests.bench.report import Row, spread
from tests.bench.rows import Original, connect, copy_many, original
from tests.factories import send
from tests.live import ROOT, Live

PARKED = 1000
PAUSE = 0.04  # seconds between two decisions: 25 a second
STOCK_CLIENTS = 20


def waiting(house: House) -> Iterator[Row]:
    """With one parked client and with a thousand, one decision at a time and in a burst; then other clients."""
    many = 50 if house.quick else 250
    with house.fresh("waiting"):
        of = original(send(house.world, to_agent="human"))
        bare = spread(limits.bare_wakeups(house, many))
        with house.web() as live:
            yield from parked(house, live, of, idle=0, many=many, limit=bare)
            yield from parked(house, live, of, idle=PARKED, many=many, limit=bare)
            yield reconnecting(house, live, of, many=many)
            yield stock(house, live, of)


def parked(house: House, live: Live, of: Original, *, idle: int, many: int, limit: str) -> list[Row]:
    """Two rows: steady and burst."""
    burst = 20 if idle == 0 else 200
    found = wait(house, live, of, idle=idle, steady=many, burst=burst, wait_seconds=60)
    peer = (
        house.dbos("waits", parked=max(idle, 1) if idle else many, decisions=many, pause=PAUSE, pool=20) if idle else {}
    )
    told = f"message to result {spread(peer['to_result'])}" if peer else ""
    what = f"decision to waiting client, {idle or 'only those'} parked"
    note = f"{many} decisions, one at a time, {1 / PAUSE:.0f} a second"
    return [
        Row(f"{what}, steady", latency(found["steady"]), limit, told, note),
        Row(f"{what}, burst", latency(found["burst"]), note=f"{burst} decisions at once over 8 connections"),
    ]


def reconnecting(house: House, live: Live, of: Original, *, many: int) -> Row:
    """Streams of one second, each followed at once by a new connection."""
    found = wait(house, live, of, idle=0, steady=min(many, 100), burst=0, wait_seconds=1)
    return Row("decision to a client that reconnects each second", latency(found["steady"]))


def stock(house: House, live: Live, of: Original) -> Row:
    """`AxmeClient.wait_for`, a thread each, in one process."""
    pairs = copy_many(of, STOCK_CLIENTS)
    job = {"url": live.url, "key": house.world.sender_secret, "intents": [intent for intent, _ in pairs]}
    words = [sys.executable, "-m", "tests.bench.stock"]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        clients.stdin.write(json.dumps(job) + "\n")
        clients.stdin.flush()
        clients.stdout.readline()
        sent = house.load("decides", live, asked=pairs, pause=PAUSE)["sent"]
        heard = json.loads(clients.stdout.readline())
    found = [(intent, sent[intent], 0.0, heard[intent]) for intent, _ in pairs]
    return Row("decision to stock `axme` (`wait_for`)", latency(found), note=f"{STOCK_CLIENTS} clients in threads")


def wait(
    house: House, live: Live, of: Original, *, idle: int, steady: int, burst: int, wait_seconds: int
) -> dict[str, Any]:
    """Park, decide, hear."""
    pairs = copy_many(of, idle + steady + burst)
    watchers = [f"authorization: Bearer {token}" for token in house.world.tokens.values()]
    job = {
        "idle": [[watchers[number % len(watchers)], intent] for number, (intent, _) in enumerate(pairs[:idle])],
        "steady": pairs[idle : idle + steady],
        "burst": pairs[idle + steady :],
        "settle": 1 + idle / 250,
        "connections": 8,
        "pause": PAUSE,
        "last_seq": of.last_seq,
        "wait_seconds": wait_seconds,
    }
    return house.load("waits", live, **job)


def latency(found: list[Any]) -> str:
    """From the commit, and from the moment at which the decision was sent."""
    committed = commits([intent for intent, *_ in found])
    after_commit = [heard - committed[intent] for intent, _, _, heard in found]
    in_all = [heard - sent for _, sent, _, heard in found]
    return f"{spread(after_commit)} after the commit; {spread(in_all)} after it was sent"


def commits(intents: list[str]) -> dict[str, float]:
    """The moment at which each intent's terminal event was committed, by PostgreSQL's own record."""
    with connect() as plain:
        rows = plain.execute(
            "SELECT e.intent_id::text, extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8 "
            "FROM intents_event e JOIN intents_intent i ON i.id = e.intent_id AND e.seq = i.last_seq "
            "WHERE i.id = ANY(%s::uuid[])",
            [intents],
        ).fetchall()
    return dict(rows)
