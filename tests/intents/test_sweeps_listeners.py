"""The clock and work that nobody takes: said once, and never given up before the deadline."""

import pytest

from intents.models import Agent, Intent
from intents.services.handout import hand_out, seen
from tests.acts import details, fast_forward, fresh, frozen_clock, history, take_work
from tests.factories import make_policy, send

MINUTE, HOUR = 60, 3600


@pytest.fixture
def clock(world):
    make_policy(world.workspace, action="approve", types=("intent.infra.*",))
    with frozen_clock() as traveller:
        yield traveller


def test_nobody_listening_for_five_minutes_is_told_once(world, clock):
    intent = send(world)
    fast_forward(clock, 299)
    assert fresh(intent).status == "SUBMITTED"

    fast_forward(clock, 3 * HOUR)

    assert (fresh(intent).status, fresh(intent).waiting_reason) == ("WAITING", "WAITING_FOR_AGENT")
    assert history(intent).count("waiting") == 1
    assert details(intent, "waiting") == {"step_id": "work", "agent": world.agent.address, "last_seen": None}


def test_somebody_listening_puts_the_waiting_off_and_their_last_call_is_named(world, clock):
    intent = send(world)
    fast_forward(clock, 4 * MINUTE)
    seen(world.agent)
    fast_forward(clock, 5 * MINUTE)
    assert fresh(intent).status == "SUBMITTED"

    fast_forward(clock, 10 * MINUTE)

    assert details(intent, "waiting")["last_seen"].startswith("2026-03-02T12:04:00")


def test_work_is_still_handed_out_after_the_waiting(world, clock):
    intent = send(world)
    fast_forward(clock, HOUR)

    take_work(world)

    assert (fresh(intent).status, fresh(intent).waiting_reason) == ("DELIVERED", "")


def test_max_in_flight_bounds_what_an_agent_holds(world, clock):
    Agent.objects.update(max_in_flight=2)
    for _ in range(3):
        send(world)
    world.agent.refresh_from_db()

    frames = [hand_out(world.agent) for _ in range(3)]

    assert [frame is None for frame in frames] == [False, False, True]
    assert Intent.objects.filter(status="SUBMITTED").count() == 1
