"""Every answer of the server says which request it answers: Django's, the streams', the body guard's, and faults."""

from __future__ import annotations

import asyncio
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from config.asgi import application
from intents.tracing import Traced
from tests.visits import Visit

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = {
    "Django": (200, "/health", {}),
    "a refusal": (401, "/v1/agents", {}),
    "an unknown path": (404, "/v1/nothing", {}),
    "a page": (200, "/sign-in", {}),
    "a file": (200, "/static/countersign/mark.svg", {}),
    "an unknown host": (400, "/v1/agents", {"host": "elsewhere.example"}),
    "the body guard": (413, "/v1/intents", {"content-length": "999999"}),
    "the streams": (401, "/v1/intents/x/events/stream", {}),
}


def visited(path: str, headers: dict[str, str], app: Any = application) -> Visit:
    async def story() -> Visit:
        async with Visit(app, path, headers={"host": "127.0.0.1"} | headers) as visit:
            await visit.end()
            return visit

    return asyncio.run(story())


@pytest.mark.parametrize("place", PLACES)
def test_ids_come_back_from_every_layer(place: str) -> None:
    status, path, headers = PLACES[place]

    visit = visited(path, headers | {"x-trace-id": "trace-1", "x-request-id": "request-1"})

    assert visit.status == status
    assert (visit.headers["x-trace-id"], visit.headers["x-request-id"]) == ("trace-1", "request-1")


@pytest.mark.parametrize("place", PLACES)
def test_a_request_id_is_made_when_none_came(place: str) -> None:
    _, path, headers = PLACES[place]

    first, second = visited(path, headers).headers, visited(path, headers).headers

    assert uuid.UUID(first["x-request-id"]) != uuid.UUID(second["x-request-id"])
    assert "x-trace-id" not in first


@pytest.mark.parametrize("word", ["", "a b", "x" * 129, "grün", "a\tb"])
def test_what_is_no_plain_word_does_not_come_back(word: str) -> None:
    headers = visited("/health", {"x-trace-id": word, "x-request-id": word}).headers

    assert "x-trace-id" not in headers
    assert headers["x-request-id"] == str(uuid.UUID(headers["x-request-id"]))


def test_a_fault_of_ours_is_an_envelope_with_its_id(caplog: Any) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    visit = visited("/v1/agents", {"x-trace-id": "t"}, Traced(broken))

    assert (visit.status, visit.json["error"]["code"]) == (500, "internal_error")
    assert visit.headers["x-trace-id"] == "t"
    assert "request failed" in caplog.text


def test_an_unknown_host_is_an_envelope_and_one_line_of_log(world: SimpleNamespace, capsys: Any) -> None:
    visit = visited("/v1/agents", {"host": "elsewhere.example", "x-api-key": world.sender_secret})

    assert visit.json["error"]["code"] == "unknown_host"
    assert "Traceback" not in capsys.readouterr().err
