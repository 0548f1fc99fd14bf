"""What a stream is refused for, and what the stream application leaves to the one behind it."""

from __future__ import annotations

import pytest

from intents.streams import StreamApp
from intents.waiters import Registry
from tests.factories import make_key, send
from tests.streaming import WORK, events_path, run
from tests.visits import Visit

pytestmark = pytest.mark.django_db(transaction=True)


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
        async with Visit(app, events_path(intent), key=key) as visit:
            await visit.end()

        assert visit.status == 401
        assert visit.headers["www-authenticate"] == "Bearer"

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
