"""Bodies are read to their end before the application sees the request, within limits of size and time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intents.bodyguard import BodyGuard
from tests.visits import Visit


class Inner:
    """An application that keeps what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append((scope, await receive()))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def visited(guard: BodyGuard, **request: Any) -> Visit:
    async def story() -> Visit:
        async with Visit(guard, "/v1/intents", request.pop("query", ""), method="POST", **request) as visit:
            await visit.end()
        return visit

    return asyncio.run(story())


def test_chunks_arrive_as_one_body_with_its_length():
    inner = Inner()

    visited(BodyGuard(inner), body=(b"ab", b"c"), headers={"transfer-encoding": "chunked"})

    scope, message = inner.seen[0]
    assert message == {"type": "http.request", "body": b"abc", "more_body": False}
    assert scope["headers"] == [(b"content-length", b"3")]


@pytest.mark.parametrize(
    "request_", [{"headers": {"content-length": "9999"}}, {"body": (b"x" * 6, b"x" * 6)}], ids=["declared", "chunked"]
)
def test_large_body_is_413_and_never_reaches_the_application(request_):
    inner = Inner()

    visit = visited(BodyGuard(inner, largest=10), **request_)

    assert visit.status == 413
    assert visit.json["error"]["code"] == "body_too_large"
    assert visit.headers["connection"] == "close"
    assert inner.seen == []


def test_nonsense_length_is_400():
    visit = visited(BodyGuard(Inner()), headers={"content-length": "many"})

    assert visit.status == 400


def test_slow_body_is_408_and_never_reaches_the_application():
    inner = Inner()

    visit = visited(BodyGuard(inner, patience=0.05), body=())

    assert visit.status == 408
    assert inner.seen == []


def test_nothing_happens_when_the_client_leaves_in_the_middle():
    inner = Inner()

    async def story() -> Visit:
        async with Visit(BodyGuard(inner), "/", method="POST", body=()) as visit:
            visit.hang_up()
            await visit.end()
        return visit

    visit = asyncio.run(story())

    assert visit.status == 0
    assert inner.seen == []


def test_headers_that_imitate_others_are_dropped():
    inner = Inner()

    visited(BodyGuard(inner), headers={"x_forwarded_proto": "https", "x-api-key": "k"})

    assert inner.seen[0][0]["headers"] == [(b"x-api-key", b"k"), (b"content-length", b"0")]


def test_query_is_ascii_for_the_application_when_the_client_sent_other_bytes():
    inner = Inner()

    visited(BodyGuard(inner), query="q=é&x=%2F")

    assert inner.seen[0][0]["query_string"] == b"q=%C3%A9&x=%2F"
