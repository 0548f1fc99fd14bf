"""The stream of an intent's events over ASGI, against real rows: grammar, waiting, and every way to end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.db import OperationalError

from intents import selectors, sse
from intents.lifecycle import Status, StepStatus
from intents.models import Intent
from intents.openstream import OpenStream
from intents.services.lock import locked_intent
from intents.sources import Sources
from intents.streams import StreamApp
from tests.factories import send
from tests.streaming import events_path, run
from tests.visits import Visit

pytestmark = pytest.mark.django_db(transaction=True)


def note(intent: Intent, event_type: str = "intent.reminder", **details: Any) -> None:
    with locked_intent(intent.pk) as locked:
        locked.record(event_type, "server", details)


def cancel(intent: Intent) -> None:
    with locked_intent(intent.pk) as locked:
        for step in locked.steps:
            step.status = StepStatus.CANCELED
            step.save()
        locked.set_status(Status.CANCELED)
        locked.record("intent.canceled", "server", {})


def test_stored_events_come_first_when_the_stream_opens(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=1", key=world.sender_secret) as visit:
            frames = await visit.frames()

        stored = await app.reads(selectors.events_after, intent.pk, 0)
        assert visit.status == 200
        assert [frame["data"] for frame in frames[:-1]] == json.loads(json.dumps(stored))
        assert [frame["id"] for frame in frames[:-1]] == [str(number + 1) for number in range(len(stored))]
        assert all(frame["event"] == frame["data"]["event_type"] for frame in frames[:-1])

    run(story)


def test_only_later_events_come_when_since_is_given(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "since=1&wait_seconds=1", key=world.sender_secret) as visit:
            frames = await visit.frames()

        assert frames[0]["data"]["seq"] == 2

    run(story)


def test_stream_is_held_for_wait_seconds_and_ends_with_a_timeout_frame(world):
    intent = send(world)
    intent.refresh_from_db()

    async def story(app: StreamApp) -> None:
        started = asyncio.get_running_loop().time()
        query = f"since={intent.last_seq}&wait_seconds=1"
        async with Visit(app, events_path(intent), query, key=world.sender_secret) as visit:
            frames = await visit.frames()

        assert asyncio.get_running_loop().time() - started >= 1
        assert frames == [{"event": "stream.timeout", "data": {"ok": True, "next_seq": intent.last_seq + 1}}]
        assert visit.ended

    run(story)


def test_event_comes_at_once_when_it_happens_while_parked(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=20", key=world.sender_secret) as visit:
            seen = await visit.frame()
            while seen["event"] != "intent.waiting":
                seen = await visit.frame()

            await app.reads(note, intent, "intent.reminder", text="soon")
            frame = await visit.frame(2)

        assert frame["event"] == "intent.reminder"
        assert frame["data"]["details"]["text"] == "soon"

    run(story)


def test_stream_ends_at_once_when_the_terminal_event_was_written(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=60", key=world.sender_secret) as visit:
            await visit.frame()
            await app.reads(cancel, intent)
            frames = await visit.frames(5)

        assert frames[-1]["event"] == "intent.canceled"
        assert visit.ended

    run(story)


def test_answer_given_before_the_first_wait_is_there_at_once(world):
    intent = send(world)
    cancel(intent)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), key=world.sender_secret) as visit:
            frames = await visit.frames(2)

        assert frames[-1]["data"]["status"] == "CANCELED"

    run(story)


def test_comment_comes_at_once_and_headers_forbid_buffering(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), key=world.sender_secret) as visit:
            await visit.frame()

        assert visit.body.startswith(b": ")
        assert visit.headers == {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
            "x-accel-buffering": "no",
        }

    run(story)


def test_data_is_ascii_when_the_text_is_not():
    frame = sse.frame({"seq": 1, "event_type": "intent.waiting", "title": "a\u2028b\u0085c é"})

    assert frame.isascii()
    assert len(frame.decode().splitlines()) == 4
    assert json.loads(frame.decode().splitlines()[2].removeprefix("data: "))["title"] == "a\u2028b\u0085c é"


def test_keepalives_are_sent_while_nothing_happens():
    async def story() -> None:
        async def parked(scope: Any, receive: Any, send: Any) -> None:
            stream = OpenStream(receive, send, 0.5, keepalive=0.1)
            await stream.start([])
            await stream.park()
            await stream.finish(sse.timeout(1))
            stream.release()

        async with Visit(parked, "/") as visit:
            await visit.end()

        assert visit.body.count(sse.KEEPALIVE) >= 4

    asyncio.run(story())


def test_waiter_is_freed_at_once_when_the_client_hangs_up(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=60", key=world.sender_secret) as visit:
            await visit.frame()
            visit.hang_up()
            await visit.end(1)

        assert app.registry.names("") == []
        assert not app.registry.streams

    run(story)


def test_streams_end_with_a_timeout_frame_when_the_server_stops(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=60", key=world.sender_secret) as visit:
            await visit.frame()
            await asyncio.to_thread(app.close_all)
            frames = await visit.frames(2)
        async with Visit(app, events_path(intent), "wait_seconds=60", key=world.sender_secret) as late:
            await late.end(2)

        assert frames[-1]["event"] == "stream.timeout"
        assert late.headers["connection"] == "close"
        assert b"stream.timeout" in late.body

    run(story)


def test_stream_goes_on_when_the_database_was_away_for_a_moment(world):
    intent = send(world)
    failures = [OperationalError("gone")]

    def events_after(*args: Any) -> list[dict[str, Any]]:
        if failures:
            raise failures.pop()
        return selectors.events_after(*args)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=5", key=world.sender_secret) as visit:
            assert (await visit.frame())["event"] == "intent.created"

    run(story, sources=Sources(events_after=events_after))


def test_stream_ends_cleanly_when_something_breaks_in_it(world):
    intent = send(world)

    def broken(*args: Any) -> list[dict[str, Any]]:
        raise ValueError("broken")

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), "wait_seconds=5", key=world.sender_secret) as visit:
            await visit.end()

        assert visit.ended

    run(story, sources=Sources(events_after=broken))
