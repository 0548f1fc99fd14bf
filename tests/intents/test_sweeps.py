"""The clock and agents: leases, attempts, deadlines, and work that nobody takes."""

from datetime import timedelta

import pytest

from intents import clock as clocks
from intents.models import Intent
from intents.services.handout import hand_out, seen
from intents.sweeps import wake_due
from tests.acts import (
    agent_task,
    bundle,
    current_step,
    details,
    ending,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    outage,
    say,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, send

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def clock(world):
    make_policy(world.workspace, action="approve", types=("intent.infra.*",))
    with frozen_clock() as traveller:
        yield traveller


def applied(world, *steps, **fields) -> Intent:
    answer = Api(world.sender_secret).post("/v1/scenarios/apply", bundle(*steps, **fields))
    return Intent.objects.get(pk=answer.json()["intent_id"])


def test_lease_that_ends_frees_the_work_for_another_delivery(world, clock):
    intent = send(world)
    first = take_work(world)
    assert hand_out(world.agent) is None

    fast_forward(clock, 10 * MINUTE)
    second = take_work(world)

    assert (first["delivery_attempt"], second["delivery_attempt"]) == (1, 2)
    assert first["idempotency_key"] == second["idempotency_key"]
    assert second["seq"] > first["seq"]
    assert history(intent)[-3:] == ["delivered", "lease_expired", "delivered"]


def test_lease_is_the_deadline_divided_by_the_attempts(world, clock):
    intent = applied(world, agent_task("a", step_deadline_seconds=120))
    take_work(world)

    assert current_step(intent).lease_until == clocks.now() + timedelta(seconds=40)


def test_lease_begins_again_with_each_call_of_its_holder(world, clock):
    intent = send(world)
    take_work(world)
    for _ in range(5):
        fast_forward(clock, 9 * MINUTE)
        Api(world.work_secret).get(f"/v1/intents/{intent.pk}")

    assert (current_step(intent).attempt, fresh(intent).status) == (1, "IN_PROGRESS")
    fast_forward(clock, 10 * MINUTE)
    assert history(intent)[-1] == "lease_expired"


def test_attempts_used_up_end_the_intent_failed(world, clock):
    intent = send(world, max_delivery_attempts=2)
    for _ in range(2):
        take_work(world)
        fast_forward(clock, 10 * MINUTE)

    end = ending(intent)
    assert (fresh(intent).status, end["reason"], end["error"]["code"]) == (
        "FAILED",
        "delivery_failed",
        "delivery_failed",
    )
    assert details(intent, "delivery_failed") == {"step_id": "work", "delivery_attempt": 2, "max_attempts": 2}


def test_first_result_wins_whichever_attempt_made_it(world, clock):
    intent = send(world)
    take_work(world)
    fast_forward(clock, 10 * MINUTE)
    take_work(world)

    finish_work(world, intent, by="the first one, late")

    assert ending(intent)["result"] == {"by": "the first one, late"}


def test_step_deadline_runs_from_the_first_delivery_and_ends_the_intent(world, clock):
    intent = applied(world, agent_task("a", step_deadline_seconds=900))
    fast_forward(clock, 2 * HOUR)
    take_work(world)

    fast_forward(clock, 899)
    assert fresh(intent).status == "DELIVERED"
    fast_forward(clock, 1)

    end = ending(intent)
    assert (fresh(intent).status, end["reason"], end["outcome"]) == ("TIMED_OUT", "deadline", "timed_out")
    assert end["error"]["code"] == "step_timeout"


def test_step_deadline_holds_while_listeners_come_and_go(world, clock):
    intent = applied(world, agent_task("a", step_deadline_seconds=1000), max_delivery_attempts=3)
    take_work(world)
    for _ in range(10):
        fast_forward(clock, 99)
        seen(world.agent)
    assert fresh(intent).status == "DELIVERED"

    fast_forward(clock, 10)

    assert fresh(intent).status == "TIMED_OUT"


def test_intent_deadline_without_a_delivery_is_agent_unavailable(world, clock):
    intent = send(world)

    fast_forward(clock, DAY)

    end = ending(intent)
    assert (fresh(intent).status, end["reason"], end["error"]["code"]) == (
        "FAILED",
        "agent_unavailable",
        "agent_unavailable",
    )


def test_intent_deadline_after_a_delivery_is_a_timeout(world, clock):
    intent = send(world, deadline_at=clocks.now() + timedelta(minutes=5))
    take_work(world)

    fast_forward(clock, 5 * MINUTE)

    end = ending(intent)
    assert (fresh(intent).status, end["reason"], end["error"]["code"]) == ("TIMED_OUT", "deadline", "intent_timeout")


def test_intent_deadline_during_a_delay_is_a_timeout(world, clock):
    pause = {"step_id": "pause", "tool_id": "tool.internal.delay", "config": {"seconds": 600}}
    intent = applied(world, pause, deadline_at=clocks.iso(clocks.now() + timedelta(minutes=5)))

    fast_forward(clock, 5 * MINUTE)

    assert fresh(intent).status == "TIMED_OUT"


def test_result_that_comes_after_the_end_changes_nothing(world, clock):
    intent = send(world, deadline_at=clocks.now() + timedelta(minutes=5))
    take_work(world)
    fast_forward(clock, 5 * MINUTE)

    assert finish_work(world, intent, late=True) == {"applied": False, "reason": "step_ended"}
    assert ending(intent)["result"] is None


def test_leftover_timers_change_nothing(world, clock):
    intent = send(world)
    take_work(world)
    finish_work(world, intent)
    before = history(intent)

    fast_forward(clock, 40 * DAY)

    assert history(intent) == before


def test_earlier_result_is_kept_when_a_later_step_ends_badly(world, clock):
    intent = applied(world, agent_task("a"), agent_task("b"))
    finish_work(world, intent, a=1)

    fast_forward(clock, 3 * DAY)

    assert (fresh(intent).status, ending(intent)["result"]) == ("FAILED", {"a": 1})


def test_long_outage_ends_each_intent_once(world, clock):
    intents = [send(world) for _ in range(3)]

    outage(clock, 30 * DAY)
    wake_due()

    assert [history(intent)[-1] for intent in intents] == ["failed"] * 3
    assert [history(intent).count("failed") for intent in intents] == [1] * 3


def test_gate_before_the_work_leaves_the_agent_its_full_time(world, clock):
    make_policy(
        world.workspace, "ops", types=("intent.ops.*",), gates=[gate_rule("team:sre", place="before", deadline=DAY)]
    )
    intent = send(world, intent_type="intent.ops.change.v1")
    fast_forward(clock, DAY - 1)
    say(gate_of(intent), world.ana)

    fast_forward(clock, 4 * MINUTE)

    assert fresh(intent).status == "SUBMITTED"
