"""The load generator, a process of its own: a job as JSON on stdin, what was measured as JSON on stdout.

Moments are `time.time()`, which PostgreSQL on the same machine shares.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import uvloop

from tests.bench.wire import Line, Stream, connect

Job = dict[str, Any]
CREATE = "/v1/intents"


async def creates(job: Job) -> Job:
    """Intents with a gate, as fast as `connections` get their answers; the seconds that each took."""
    lines = [await connect(job["port"]) for _ in range(job["connections"])]
    body = json.dumps(job["body"]).encode()

    async def make(line: Line, number: int) -> None:
        await line.post(CREATE, job["sender"], body, f"idempotency-key: {job['run']}-{number}\r\n")

    return await flood(job, lines, make)


async def lives(job: Job) -> Job:
    """Whole lives: created, waited for on a stream, decided by a person's token, the answer received."""
    pairs = [(await connect(job["port"]), Stream(job["port"], job["sender"])) for _ in range(job["connections"])]
    body, answered = json.dumps(job["body"]).encode(), []

    async def live(pair: tuple[Line, Stream], number: int) -> None:
        line, stream = pair
        made = await line.post(CREATE, job["sender"], body, f"idempotency-key: {job['run']}-{number}\r\n")
        await stream.open(made["intent_id"], since=job["last_seq"])
        sent = time.time()
        await line.post(f"/v1/approvals/{made['pending_with']['ref']}/decision", job["person"], job["yes"].encode())
        if not await stream.until_final():
            raise RuntimeError("the stream ended without the answer")
        answered.append((made["intent_id"], sent, time.time()))
        await stream.rest()

    return await flood(job, pairs, live) | {"answered": answered}


async def flood(job: Job, hands: list[Any], act: Callable[[Any, int], Awaitable[None]]) -> Job:
    """Each hand acts again and again; what ends before the warm-up is over does not count."""
    loop = asyncio.get_running_loop()
    begin = loop.time() + job["warm"]
    end = begin + job["seconds"]
    took: list[float] = []
    numbers = iter(range(10**9))

    async def work(hand: Any) -> None:
        while (started := loop.time()) < end:
            await act(hand, next(numbers))
            if begin <= loop.time() <= end:
                took.append(loop.time() - started)

    await asyncio.gather(*(work(hand) for hand in hands))
    return {"took": took, "count": next(numbers)}


async def waits(job: Job) -> Job:
    """`idle` streams stay parked; others are parked and decided, first one at a time and then in a burst."""
    idle = [Stream(job["port"], auth) for auth, _ in job["idle"]]
    holding = asyncio.gather(*(hold(stream, to) for stream, (_, to) in zip(idle, job["idle"], strict=True)))
    await asyncio.sleep(job["settle"])
    if holding.done():
        holding.result()
    steady = await decided(job, job["steady"], 1)
    burst = await decided(job, job["burst"], job["connections"]) if job["burst"] else []
    holding.cancel()
    with suppress(asyncio.CancelledError):
        await holding
    return {"steady": steady, "burst": burst}


async def hold(stream: Stream, intent_id: str) -> None:
    await stream.open(intent_id)
    while not await stream.until_final():
        await stream.open(intent_id)


async def decided(job: Job, asked: list[list[str]], hands: int) -> list[tuple[str, float, float, float]]:
    """(intent, decision sent, decision answered, terminal event heard) of each."""
    lines = [await connect(job["port"]) for _ in range(hands)]
    streams = [Stream(job["port"], job["sender"]) for _ in asked]
    heard = [asyncio.create_task(hear(job, stream, to)) for stream, (to, _) in zip(streams, asked, strict=True)]
    await asyncio.gather(*(stream.is_parked.wait() for stream in streams))
    waiting = list(zip(asked, heard, strict=True))
    found: list[tuple[str, float, float, float]] = []

    async def work(line: Line) -> None:
        while waiting:
            (intent_id, gate_id), hearing = waiting.pop()
            sent = time.time()
            await line.post(f"/v1/approvals/{gate_id}/decision", job["person"], job["yes"].encode())
            answered = time.time()
            if hands == 1:
                found.append((intent_id, sent, answered, await hearing))
                await asyncio.sleep(max(0.0, job["pause"] - (time.time() - sent)))
            else:
                found.append((intent_id, sent, answered, 0.0))

    await asyncio.gather(*(work(line) for line in lines))
    ends = {to: await hearing for (to, _), hearing in zip(asked, heard, strict=True)}
    return [(intent, sent, answered, ends[intent]) for intent, sent, answered, _ in found]


async def hear(job: Job, stream: Stream, intent_id: str) -> float:
    """The moment at which the terminal event came; at the end of a stream it is opened again at once."""
    await stream.open(intent_id, job["last_seq"] - 1, job["wait_seconds"])
    await stream.parked(job["last_seq"])
    while not await stream.until_final():
        stream.close()
        await stream.open(intent_id, job["last_seq"], job["wait_seconds"])
    heard = time.time()
    stream.close()
    return heard


async def decides(job: Job) -> Job:
    """Decisions at a steady rate for somebody else who waits: the moments at which each was sent."""
    line, sent = await connect(job["port"]), {}
    for intent_id, gate_id in job["asked"]:
        sent[intent_id] = time.time()
        await line.post(f"/v1/approvals/{gate_id}/decision", job["person"], job["yes"].encode())
        await asyncio.sleep(job["pause"])
    return {"sent": sent}


async def opens(job: Job) -> Job:
    """Intents at a steady rate, each by its own sender: seconds from the moment at which each was to be sent."""
    loop, took = asyncio.get_running_loop(), []
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(job["connections"]):
        lines.put_nowait(await connect(job["port"]))
    load, begin = os.getloadavg()[0], loop.time()

    async def send(number: int, auth: str, body: Job) -> None:
        planned = begin + number / job["per_second"]
        await asyncio.sleep(planned - loop.time())
        line = await lines.get()
        await line.post(CREATE, auth, json.dumps(body).encode(), f"idempotency-key: {job['run']}-{number}\r\n")
        lines.put_nowait(line)
        took.append(loop.time() - planned)

    await asyncio.gather(*(send(number, auth, body) for number, (auth, body) in enumerate(job["sends"])))
    return {"took": took, "lasted": loop.time() - begin, "load": load}


JOBS = {job.__name__: job for job in (creates, lives, waits, decides, opens)}


def main() -> None:
    job = json.load(sys.stdin)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    before = time.process_time()
    measured = uvloop.run(JOBS[job["kind"]](job))
    print(json.dumps(measured | {"cpu": time.process_time() - before}))


if __name__ == "__main__":
    main()
