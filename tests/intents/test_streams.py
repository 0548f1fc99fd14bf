"""The event streams over ASGI, against real rows: grammar, waiting, ends, and refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from approvals.authentication import authenticate
from intents import nudges, selectors, sse
from intents.lifecycle import Status, StepStatus
from intents.models import Intent, Step
from intents.openstream import OpenStream
from intents.services.handout import hand_out
from intents.services.lock import locked_intent
from intents.services.resume import resume
from intents.sources import Sources
from intents.streams import StreamApp
from intents.waiters import Registry
from tests.factories import make_agent, make_key, make_policy, send
from tests.visits import Visit

pytestmark = pytest.mark.django_db(transaction=True)


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"inner", "more_body": False})


def run(story: Callable[[StreamApp], Awaitable[None]], **options: Any) -> None:
    """The story, with nudges of commits fed to the app's registry as the drain thread does."""

    async def told() -> None:
        app = StreamApp(elsewhere, authenticate, **options)
        feeding = asyncio.create_task(feed(app.registry))
        await asyncio.wait_for(story(app), 30)
        feeding.cancel()

    nudges.drain()
    asyncio.run(told())


async def feed(registry: Registry) -> None:
    while True:
        registry.wake(nudges.drain())
        await asyncio.sleep(0.01)


def events_path(intent: Intent) -> str:
    return f"/v1/intents/{intent.pk}/events/stream"


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


@pytest.fixture
def approving(world: SimpleNamespace) -> SimpleNamespace:
    """A world in which agents get their work without a gate."""
    make_policy(world.workspace, "allow", "approve", types=("intent.*",))
    return world


WORK = "/v1/agents/infra-validator/intents/stream"


# --- Events ------------------------------------------------------------------------------------------------------


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
        headers = {"x-trace-id": "trace-1"}
        async with Visit(app, events_path(intent), key=world.sender_secret, headers=headers) as visit:
            await visit.frame()

        assert visit.body.startswith(b": ")
        assert visit.headers == {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
            "x-accel-buffering": "no",
            "x-trace-id": "trace-1",
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


# --- Refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["since=-1", "since=x", "since=1.5", "wait_seconds=0", "wait_seconds=61", "since=²"])
def test_stream_is_refused_when_the_query_is_bad(world, query):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), query, key=world.sender_secret) as visit:
            await visit.end()

        assert visit.status == 422
        assert visit.json["ok"] is False
        assert visit.json["detail"] == visit.json["error"]["message"]

    run(story)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/intents/x/events/stream", WORK])
def test_stream_is_refused_when_the_method_is_not_get(world, method, path):
    async def story(app: StreamApp) -> None:
        async with Visit(app, path, key=world.sender_secret, method=method) as visit:
            await visit.end()

        assert visit.status == 405
        assert visit.headers["allow"] == "GET"
        assert visit.json["error"]["code"] == "method_not_allowed"

    run(story)


@pytest.mark.parametrize("key", ["", "csk_unknown"])
def test_stream_is_refused_when_the_key_is_missing_or_unknown(world, key):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), key=key, headers={"x-trace-id": "t"}) as visit:
            await visit.end()

        assert visit.status == 401
        assert visit.headers["x-trace-id"] == "t"

    run(story)


def test_foreign_and_unknown_intents_get_the_same_answer(world):
    intent = send(world)
    _, other_secret = make_key(world.workspace, "other", ("send",))

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), key=other_secret) as foreign:
            await foreign.end()
        async with Visit(app, "/v1/intents/nonsense/events/stream", key=other_secret) as unknown:
            await unknown.end()

        assert foreign.status == unknown.status == 404
        assert foreign.body == unknown.body

    run(story)


def test_stream_is_refused_when_the_key_holds_too_many(world):
    intent = send(world)

    async def story(app: StreamApp) -> None:
        async with Visit(app, events_path(intent), key=world.sender_secret) as first:
            await first.frame()
            async with Visit(app, events_path(intent), key=world.sender_secret) as second:
                await second.end()

        assert second.status == 429
        assert second.json["error"]["code"] == "too_many_streams"
        assert second.headers["retry-after"] == "5"

    run(story, registry=Registry(limit=1))


@pytest.mark.parametrize("path", ["/v1/intents/x/events", "/v1/agents/x", "/v1/intents/x/events/stream/", "/health"])
def test_everything_else_goes_to_the_application_behind(path):
    async def story(app: StreamApp) -> None:
        async with Visit(app, path) as visit:
            await visit.end()

        assert visit.status == 418

    run(story)


# --- Work --------------------------------------------------------------------------------------------------------


def finish(world: SimpleNamespace, handle: str) -> None:
    intent, step = selectors.intent_by_handle(world.worker, handle)
    resume(intent, step, world.worker, {"validation": "passed"})


def held(world: SimpleNamespace) -> int:
    return Step.objects.filter(agent_address=world.agent.address, status=StepStatus.CURRENT).count()


@pytest.mark.parametrize(
    "path",
    [
        WORK,
        "/v1/agents/acme/production/infra-validator/intents/stream",
        "/v1/agents/agent://acme/production/infra-validator/intents/stream",
    ],
)
def test_agent_gets_waiting_work_under_every_spelling_of_its_address(approving, path):
    intent = send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, path, key=approving.work_secret) as visit:
            frame = await visit.frame()

        assert frame["data"]["intent_id"] == str(intent.pk)
        assert frame["data"]["status"] == "DELIVERED"
        assert frame["event"].startswith("intent.")

    run(story)


def test_agent_gets_work_at_once_when_it_is_sent_while_listening(approving):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            await asyncio.sleep(0.3)
            intent = await app.reads(send, approving)
            frame = await visit.frame(2)

        assert frame["data"]["parent_intent_id"] == str(intent.pk)

    run(story)


def test_next_step_is_handed_out_only_when_the_last_has_a_result(approving):
    send(approving)
    send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            first = await visit.frame()
            await asyncio.sleep(0.3)
            assert await app.reads(held, approving) == 1

            await app.reads(finish, approving, first["data"]["intent_id"])
            second = await visit.frame(2)

        assert second["data"]["intent_id"] != first["data"]["intent_id"]
        assert second["data"]["seq"] > first["data"]["seq"]

    run(story)


def test_nothing_is_handed_out_when_the_status_filter_leaves_delivered_out(approving):
    send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=1&status=CREATED,FAILED", key=approving.work_secret) as visit:
            frames = await visit.frames()

        assert [frame["event"] for frame in frames] == ["stream.timeout"]
        assert await app.reads(held, approving) == 0

    run(story)


def test_nothing_is_handed_out_when_the_listener_has_hung_up(approving):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            await asyncio.sleep(0.3)
            visit.hang_up()
            await app.reads(send, approving)
            await visit.end(1)

        assert await app.reads(held, approving) == 0

    run(story)


def test_listening_is_noted(world):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=1", key=world.work_secret) as visit:
            await visit.end()

        await app.reads(world.agent.refresh_from_db)
        assert world.agent.last_seen_at is not None

    run(story)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/agents/other/intents/stream", 403),
        ("/v1/agents/acme/staging/infra-validator/intents/stream", 403),
        ("/v1/agents/nobody/intents/stream", 404),
        ("/v1/agents/a b/intents/stream", 422),
    ],
)
def test_work_is_refused_when_the_address_is_not_the_keys_own(world, path, status):
    make_agent(world.workspace, "other")

    async def story(app: StreamApp) -> None:
        async with Visit(app, path, key=world.work_secret) as visit:
            await visit.end()

        assert visit.status == status

    run(story)


def test_work_is_refused_when_the_key_may_only_send(world):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, key=world.sender_secret) as visit:
            await visit.end()

        assert visit.status == 403

    run(story)


def test_work_is_still_there_when_nobody_listened(approving):
    send(approving)

    frame = hand_out(approving.agent)

    assert frame is not None
    assert frame["delivery_attempt"] == 1
