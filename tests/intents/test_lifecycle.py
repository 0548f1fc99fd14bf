"""The statuses: what each act makes of an intent, and what it never does."""

import pytest

from intents.lifecycle import FINAL, LEGACY, TERMINAL_EVENT, Status, is_final, legacy_status, may_follow
from intents.models import Event, Intent
from tests.acts import (
    agent_task,
    bundle,
    current_step,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, send

MINUTE, DAY = 60, 86400
DELAY = {"step_id": "pause", "tool_id": "tool.internal.delay", "config": {"seconds": 30}}


@pytest.mark.parametrize("status", Status.values)
def test_final_status_is_never_left_and_created_never_returned_to(status):
    assert is_final(status) == (status in ("COMPLETED", "FAILED", "CANCELED", "TIMED_OUT"))
    assert [may_follow(status, new) for new in FINAL] == [not is_final(status)] * 4
    assert not may_follow(status, Status.CREATED)


@pytest.mark.parametrize("status", Status.values)
def test_legacy_status_has_a_word_for_each(status):
    assert legacy_status(status) in ("accepted", "running", "blocked", "done", "failed")
    assert legacy_status("COMPLETED") == "done"
    assert set(LEGACY) == set(Status) - {Status.FAILED, Status.CANCELED, Status.TIMED_OUT}


def test_terminal_event_is_spelled_as_clients_read_it():
    assert set(TERMINAL_EVENT.values()) == {"intent.completed", "intent.failed", "intent.canceled", "intent.timed_out"}


ACTS = {
    "take": lambda w, intent, clock: take_work(w),
    "call in": lambda w, intent, clock: Api(w.work_secret).get(f"/v1/intents/{intent.pk}"),
    "finish": lambda w, intent, clock: finish_work(w, intent, ok=True),
    "fail": lambda w, intent, clock: finish_work(w, intent, action="fail"),
    "say yes": lambda w, intent, clock: say(gate_of(intent), w.ana),
    "say no": lambda w, intent, clock: say(gate_of(intent), w.ana, "rejected"),
    "wait 5 min": lambda w, intent, clock: fast_forward(clock, 5 * MINUTE),
    "wait 10 min": lambda w, intent, clock: fast_forward(clock, 10 * MINUTE),
    "wait 2 days": lambda w, intent, clock: fast_forward(clock, 2 * DAY),
    "note": lambda w, intent, clock: Api(w.sender_secret).post(f"/v1/intents/{intent.pk}/resume", {}),
    "withdraw": lambda w, intent, clock: resolve(w, intent, "CANCELED"),
    "complete": lambda w, intent, clock: resolve(w, intent, "COMPLETED"),
}

STORIES = {
    "work": [("", "SUBMITTED"), ("take", "DELIVERED"), ("call in", "IN_PROGRESS"), ("finish", "COMPLETED")],
    "work fails": [("take", "DELIVERED"), ("fail", "FAILED")],
    "redelivery": [
        ("take", "DELIVERED"),
        ("call in", "IN_PROGRESS"),
        ("wait 10 min", "DELIVERED"),
        ("take", "DELIVERED"),
    ],
    "nobody there": [("wait 5 min", "WAITING"), ("take", "DELIVERED"), ("finish", "COMPLETED")],
    "nobody ever": [("wait 5 min", "WAITING"), ("wait 2 days", "FAILED")],
    "note first": [("note", "IN_PROGRESS"), ("take", "DELIVERED"), ("finish", "COMPLETED")],
    "sender completes": [("note", "IN_PROGRESS"), ("complete", "COMPLETED")],
    "withdrawn": [("take", "DELIVERED"), ("withdraw", "CANCELED"), ("finish", "CANCELED")],
}
GATED = {
    "yes": [("", "SUBMITTED"), ("finish", "WAITING"), ("say yes", "COMPLETED")],
    "no": [("finish", "WAITING"), ("say no", "CANCELED")],
    "silence": [("finish", "WAITING"), ("wait 2 days", "TIMED_OUT")],
    "withdrawn": [("finish", "WAITING"), ("withdraw", "CANCELED")],
    "no way around": [("complete", "SUBMITTED"), ("finish", "WAITING"), ("complete", "WAITING"), ("note", "WAITING")],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_status_of_work_alone(world, story):
    make_policy(world.workspace, action="approve")

    assert told(world, story) == [status for _, status in story]


@pytest.mark.parametrize("story", GATED.values(), ids=GATED)
def test_status_of_work_and_a_gate_after_it(world, story):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    assert told(world, story) == [status for _, status in story]


def test_status_of_each_step_of_a_long_scenario(world):
    make_policy(world.workspace, action="approve")
    seen = []
    with frozen_clock() as clock:
        answer = Api(world.sender_secret).post(
            "/v1/scenarios/apply", bundle(agent_task("a"), signoff(), DELAY, agent_task("b"))
        )
        intent = Intent.objects.get(pk=answer.json()["intent_id"])
        for act in ("", "finish", "say yes", "wait 5 min", "take", "finish"):
            if act:
                ACTS[act](world, intent, clock)
            row = fresh(intent)
            seen.append((row.status, row.waiting_reason, (row.pending_with or {}).get("type")))

    assert seen == [
        ("SUBMITTED", "", "agent"),
        ("WAITING", "WAITING_FOR_HUMAN", "human"),
        ("WAITING", "WAITING_FOR_TIME", "internal"),
        ("SUBMITTED", "", "agent"),
        ("DELIVERED", "", "agent"),
        ("COMPLETED", "", None),
    ]


def test_one_step_is_current_until_the_end(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre", place="after")])
    intent = send(world)

    for act in ("say yes", "finish", "say yes"):
        assert current_step(intent).ended_at is None
        ACTS[act](world, intent, None)

    assert not intent.steps.filter(status__in=("ready", "current", "pending")).exists()


@pytest.mark.parametrize(
    "story", [*STORIES.values(), *GATED.values()], ids=[*STORIES, *(f"gated {name}" for name in GATED)]
)
def test_history_is_gapless_and_its_times_never_go_back(world, story):
    gated = story in GATED.values()
    make_policy(
        world.workspace, action="require" if gated else "approve", gates=[gate_rule("team:sre")] if gated else []
    )
    told(world, story)

    rows = list(Event.objects.order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert history(rows[0].intent)[:2] == ["created", "submitted"]


def test_history_never_goes_back_even_if_the_clock_does(world):
    with frozen_clock() as clock:
        intent = send(world)
        clock.shift(-3600)
        withdraw = resolve(world, intent, "CANCELED")

    assert withdraw.status_code == 200
    times = list(Event.objects.filter(intent=intent).order_by("seq").values_list("at", flat=True))
    assert times == sorted(times)


def told(world, story) -> list[str]:
    """The status after each act of a story."""
    statuses = []
    with frozen_clock() as clock:
        intent = send(world)
        for act, _ in story:
            if act:
                ACTS[act](world, intent, clock)
            statuses.append(fresh(intent).status)
    return statuses


def resolve(world, intent, status):
    return Api(world.sender_secret).post(f"/v1/intents/{intent.pk}/resolve", {"status": status})
