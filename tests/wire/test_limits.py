"""Requests per minute, by caller and endpoint, counted in the process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from intents.limits import MINUTES, Minutes, network_of
from intents.streams import StreamApp
from tests.acts import START, frozen_clock
from tests.conftest import Api
from tests.factories import make_key, send
from tests.streaming import events_path, run
from tests.visits import Visit

LIMIT = 3


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Any) -> None:
    settings.REQUESTS_PER_MINUTE = LIMIT


def use_up(api: Api, path: str = "/v1/agents") -> list[int]:
    return [api.get(path).status_code for _ in range(LIMIT)]


def test_answers_say_how_the_caller_stands(api: Api) -> None:
    with frozen_clock():
        first, second = api.get("/v1/agents"), api.get("/v1/agents")

    assert (first["X-RateLimit-Limit"], first["X-RateLimit-Remaining"]) == ("3", "2")
    assert second["X-RateLimit-Remaining"] == "1"
    assert int(first["X-RateLimit-Reset"]) == START.timestamp() + 60


def test_one_request_too_many_is_429_and_says_when_to_come_back(api: Api) -> None:
    with frozen_clock() as clock:
        assert use_up(api) == [200] * LIMIT
        clock.shift(20)
        refused = api.get("/v1/agents")

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert refused["Retry-After"] == "40"
    assert refused["X-RateLimit-Remaining"] == "0"


def test_the_next_minute_begins_anew(api: Api) -> None:
    with frozen_clock() as clock:
        use_up(api)
        clock.shift(61)

        assert api.get("/v1/agents").status_code == 200


def test_other_endpoints_and_other_callers_are_counted_apart(world: SimpleNamespace, api: Api) -> None:
    use_up(api)
    other = Api(make_key(world.workspace, "other")[1])

    assert api.get("/v1/capabilities").status_code == 200
    assert other.get("/v1/agents").status_code == 200
    assert Api(world.sender_secret, world.tokens["ana"]).get("/v1/agents").status_code == 200


def test_a_refused_request_has_done_nothing(world: SimpleNamespace, api: Api) -> None:
    body = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {}}

    answers = [api.post("/v1/intents", body).status_code for _ in range(LIMIT + 2)]

    assert answers == [200] * LIMIT + [429] * 2
    assert world.workspace.intents.count() == LIMIT


def test_events_are_outside_the_limit_since_clients_poll_them(world: SimpleNamespace, api: Api) -> None:
    intent = send(world)

    answers = {api.get(f"/v1/intents/{intent.pk}/events").status_code for _ in range(LIMIT * 3)}

    assert answers == {200}


@pytest.mark.django_db(transaction=True)
def test_streams_are_outside_the_limit_also_for_the_200th_waiter(world: SimpleNamespace) -> None:
    intent = send(world)

    async def story(app: StreamApp) -> None:
        visits = [Visit(app, events_path(intent), "wait_seconds=1", key=world.sender_secret) for _ in range(200)]
        for visit in visits:
            await visit.__aenter__()
        for visit in visits:
            await visit.end()
            assert visit.status == 200

    run(story)


def test_nothing_is_limited_when_the_setting_is_0(api: Api, settings: Any) -> None:
    settings.REQUESTS_PER_MINUTE = 0

    answers = [api.get("/v1/agents") for _ in range(LIMIT * 3)]

    assert {answer.status_code for answer in answers} == {200}
    assert not answers[0].has_header("X-RateLimit-Limit")


def test_whoever_keeps_guessing_keys_is_429_and_holds_up_nobody_else(api: Api) -> None:
    guesses = [Api("csk_wrong").get("/v1/agents").status_code for _ in range(LIMIT + 1)]

    assert guesses == [401] * LIMIT + [429]
    assert Api().get("/v1/agents").status_code == 429
    assert api.get("/v1/agents").status_code == 200


def test_guesses_are_counted_by_what_the_proxy_wrote_last_when_there_is_one(db: None, settings: Any) -> None:
    settings.BEHIND_PROXY = True
    client = APIClient(HTTP_X_API_KEY="csk_wrong")

    def guess(forwarded: str) -> int:
        return int(client.get("/v1/agents", HTTP_X_FORWARDED_FOR=forwarded).status_code)

    assert [guess(f"10.9.9.{at}, 192.0.2.1") for at in range(LIMIT + 1)] == [401] * LIMIT + [429]
    assert guess("192.0.2.1, 192.0.2.2") == 401


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_streams_count_as_well(world: SimpleNamespace) -> None:
    found: list[int] = []

    async def story(app: StreamApp) -> None:
        for _ in range(LIMIT + 1):
            async with Visit(app, "/v1/intents/x/events/stream", key="csk_wrong") as visit:
                await visit.end()
                found.append(visit.status)

    run(story)

    assert found == [401] * LIMIT + [429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "", "unknown"),
    ],
)
def test_a_caller_is_its_address_or_its_ipv6_network(peer: str, forwarded: str, network: str) -> None:
    assert network_of(peer, forwarded) == network


def test_the_counters_are_of_bounded_size() -> None:
    minutes = Minutes(most=5)

    standings = [minutes.count(f"from {at}", "x") for at in range(5 + LIMIT + 1)]

    assert len(minutes) == 5 + 1
    assert [bool(standing and standing.exceeded) for standing in standings][-2:] == [False, True]


def test_each_test_begins_its_own_minute() -> None:
    assert len(MINUTES) == 0
