"""Work that fails: handed to a person where the policy says so; and the step that alone may clean up afterwards."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Gate
from approvals.services.verdict import Verdict
from intents.models import Intent, Receipt
from intents.services.handout import hand_out
from intents.services.verify import first_misfit
from notifications.announce import announce_due
from notifications.models import Delivery
from tests.acts import (
    START,
    agent_task,
    current_step,
    details,
    ending,
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
from tests.approvals.browsing import signed_in, text_of
from tests.approvals.test_scenario_jumps import fail_work, note, start, statuses
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, send

DEADLINE = START + timedelta(seconds=1800)
AFTER = [gate_rule("team:sre", place="after")]


@pytest.fixture
def asks(world: SimpleNamespace) -> SimpleNamespace:
    make_policy(world.workspace, gates=AFTER, on_agent_failure="ask")
    return world


def failed(world: SimpleNamespace) -> Intent:
    intent = send(world)
    take_work(world)
    fail_work(world, intent)
    return intent


def answer(gate: Gate, person: Any, outcome: str, **fields: Any) -> Verdict:
    return say(gate, person, outcome, fields=fields)


def test_failed_work_is_handed_to_a_person_and_ends_nothing(asks):
    intent = failed(asks)

    gate = gate_of(intent)
    assert fresh(intent).status == "WAITING"
    assert gate.title.startswith("work failed: agent://acme/production/infra-validator reported a failure")
    assert gate.ask.outcomes == [["retry", "yes"], ["completed", "yes"], ["failed", "no"]]
    assert gate.ask.earlier[0]["result"] == {"why": "disk"}
    page = text_of(signed_in(asks.ana).get(f"/gates/{gate.pk}"))
    assert "Have it tried again" in page
    announce_due()
    assert Delivery.objects.filter(purpose="request", gate_id=gate.pk).count() == 3


def test_retry_hands_the_work_out_once_more_and_goes_on(asks):
    intent = failed(asks)

    answer(gate_of(intent), asks.ana, "retry")
    frame = take_work(asks)
    finish_work(asks, intent, ok=True)
    say(gate_of(intent), asks.bo)

    said = ending(intent)
    assert frame["step_id"] == "work-2"
    assert (said["approved"], said["outcome"], said["result"]) == (True, "approved", {"ok": True})
    assert statuses(intent)["work"] == "superseded"
    assert len(Receipt.objects.get().token) > 10


def test_completed_by_hand_needs_a_result_and_goes_on_with_it(asks):
    intent = failed(asks)
    gate = gate_of(intent)

    without = answer(gate, asks.ana, "completed")
    answer(gate, asks.ana, "completed", result="restarted it myself")
    asked = gate_of(intent)
    say(asked, asks.bo)

    assert (without.status, without.code) == (422, "result_required")
    by_hand = {"by_hand": "restarted it myself", "by": "ana@acme.example"}
    assert [each["result"] for each in asked.ask.earlier] == [by_hand]
    said = ending(intent)
    assert (said["approved"], said["result"], fresh(intent).status) == (True, by_hand, "COMPLETED")


def test_failed_leaves_it_at_that_with_what_had_failed_as_the_error(asks):
    intent = failed(asks)

    answer(gate_of(intent), asks.ana, "failed")

    said = ending(intent)
    assert (fresh(intent).status, said["approved"], said["outcome"]) == ("FAILED", False, "failed")
    assert said["error"]["code"] == "agent_failed"


def test_silence_leaves_it_failed(asks):
    with frozen_clock() as clock:
        intent = failed(asks)

        fast_forward(clock, 4000)

        assert (fresh(intent).status, ending(intent)["outcome"]) == ("FAILED", "failed")


def test_step_that_ran_out_of_time_is_handed_over_too(asks):
    with frozen_clock() as clock:
        intent = start(asks, agent_task("work", step_deadline_seconds=60))
        hand_out(asks.agent)

        fast_forward(clock, 61)

        assert "did not answer in time" in gate_of(intent).title


def test_it_is_asked_ten_times_at_most(asks, monkeypatch):
    monkeypatch.setattr("intents.services.mending.MOST_HANDED_OVER", 1)
    intent = failed(asks)
    answer(gate_of(intent), asks.ana, "retry")

    fail_work(asks, intent)

    assert fresh(intent).status == "FAILED"


def test_completed_by_hand_follows_the_works_own_jump(asks):
    intent = start(asks, agent_task("a", on_success="c", on_failure="b"), agent_task("b"), agent_task("c"))
    fail_work(asks, intent)

    answer(gate_of(intent), asks.ana, "completed", result="done")

    assert current_step(intent).name == "c"


def test_policy_that_lets_pass_asks_the_default_approvers_when_work_fails(world):
    make_policy(world.workspace, action="approve", on_agent_failure="ask")
    intent = failed(world)

    answer(gate_of(intent), world.bo, "retry")
    finish_work(world, intent, ok=True)

    said = ending(intent)
    assert (said["approved"], said["reason"]) == (True, "auto_approved")


def test_retry_over_the_wire_is_a_persons(asks):
    intent = failed(asks)
    gate = gate_of(intent)
    body = {"task_result": {"outcome": "retry", "digest": gate.digest}}
    path = f"/v1/approvals/{gate.pk}/decision"

    assert Api(asks.sender_secret).post(path, body).status_code == 403
    assert Api(token=asks.tokens["ana"]).post(path, body).json()["applied"] is True


def cleaning(world: SimpleNamespace, **fields: Any) -> Intent:
    make_policy(world.workspace, gates=AFTER, clean_up="rollback", **fields)
    return start(world, agent_task("deploy"), signoff("ask"), agent_task("rollback"))


def test_step_that_cleans_up_is_not_on_the_way(world):
    intent = cleaning(world)
    finish_work(world, intent)

    say(gate_of(intent), world.ana)

    assert (fresh(intent).status, ending(intent)["approved"]) == ("COMPLETED", True)
    assert statuses(intent) == {"deploy": "done", "ask": "done", "rollback": "canceled"}
    assert [gate.source for gate in Gate.objects.filter(intent=intent)] == ["scenario+policy:infra-changes@1"]


def test_refusal_runs_the_step_that_cleans_up_and_nothing_else_and_stays_refused(world):
    intent = cleaning(world)
    take_work(world)
    finish_work(world, intent)

    say(gate_of(intent), world.ana, "rejected")
    assert details(intent, "clean_up_started") == {"step_id": "rollback", "outcome": "rejected", "reason": "decided"}
    frame = take_work(world)
    finish_work(world, intent, undone=True)

    said = ending(intent)
    assert (frame["step_id"], frame["receipt"]) == ("rollback", None)
    assert (fresh(intent).status, said["approved"], said["outcome"]) == ("CANCELED", False, "rejected")
    assert said["result"] == {"undone": True}


def test_expiry_runs_the_step_that_cleans_up(world):
    with frozen_clock() as clock:
        intent = cleaning(world)
        take_work(world)
        finish_work(world, intent)

        fast_forward(clock, 3601)
        assert current_step(intent).name == "rollback"
        finish_work(world, intent)

        assert (fresh(intent).status, ending(intent)["outcome"]) == ("TIMED_OUT", "expired")


@pytest.mark.parametrize("at_work", [False, True])
def test_the_intents_own_deadline_runs_the_step_that_cleans_up_and_is_not_met_twice(world, at_work):
    """At a gate, whose time ends at the same moment, or while the work is under way."""
    with frozen_clock() as clock:
        intent = cleaning(world)
        Intent.objects.filter(pk=intent.pk).update(deadline_at=DEADLINE)
        take_work(world)
        if not at_work:
            finish_work(world, intent)
            assert gate_of(intent).expires_at == DEADLINE

        fast_forward(clock, 1800)
        assert details(intent, "clean_up_started")["reason"] == "deadline"
        assert current_step(intent).name == "rollback"
        assert take_work(world)["step_id"] == "rollback"
        fast_forward(clock, 600)
        finish_work(world, intent, undone=True)

        said = ending(intent)
        assert (fresh(intent).status, said["outcome"], said["reason"]) == ("TIMED_OUT", "timed_out", "deadline")
        assert said["result"] == {"undone": True}
        assert first_misfit(fresh(intent)) is None


def test_cleaning_up_after_the_intents_deadline_has_an_hour_and_no_more(world):
    with frozen_clock() as clock:
        intent = cleaning(world)
        Intent.objects.filter(pk=intent.pk).update(deadline_at=DEADLINE)
        take_work(world)
        finish_work(world, intent)

        fast_forward(clock, 1800 + 3601)

        assert (fresh(intent).status, history(intent).count("clean_up_started")) == ("TIMED_OUT", 1)


@pytest.mark.parametrize("how", ["fails", "is resolved as completed", "never answers"])
def test_whatever_becomes_of_cleaning_up_the_refusal_stands(world, api, how):
    with frozen_clock() as clock:
        intent = cleaning(world)
        take_work(world)
        finish_work(world, intent)
        say(gate_of(intent), world.ana, "rejected")

        if how == "fails":
            fail_work(world, intent)
        elif how == "never answers":
            fast_forward(clock, 30 * 3600)
        else:
            api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "COMPLETED"})

        said = ending(intent)
        assert (fresh(intent).status, said["approved"], said["outcome"]) == ("CANCELED", False, "rejected")


def test_failed_work_is_cleaned_up_and_nothing_is_where_nothing_was_begun(world):
    intent = cleaning(world)
    take_work(world)
    fail_work(world, intent)
    assert current_step(intent).name == "rollback"

    make_policy(world.workspace, "first", gates=[gate_rule("team:sre")], position=1, clean_up="rollback")
    early = start(world, signoff("ask"), agent_task("deploy"), agent_task("rollback"))
    say(gate_of(early), world.ana, "rejected")

    assert fresh(early).status == "CANCELED"
    assert "clean_up_started" not in history(early)


def test_on_failure_leads_to_the_end_and_not_to_the_step_that_cleans_up(world):
    make_policy(world.workspace, gates=AFTER, clean_up="rollback")
    intent = start(world, agent_task("deploy", on_failure="rollback"), agent_task("rollback"))
    take_work(world)

    fail_work(world, intent)
    say(gate_of(intent), world.ana)

    assert current_step(intent).name == "rollback"
    finish_work(world, intent)
    assert (fresh(intent).status, ending(intent)["approved"]) == ("FAILED", False)


def test_gate_cannot_clean_up(world):
    make_policy(world.workspace, gates=AFTER, clean_up="ask")

    intent = start(world, agent_task("deploy"), signoff("ask"))

    assert "The step ask cannot clean up: people and delays do not." in intent.texts.warnings


def test_note_cleans_up_within_the_refusal(world):
    make_policy(world.workspace, gates=AFTER, clean_up="tell")
    intent = start(world, agent_task("deploy"), note("tell"))
    take_work(world)
    finish_work(world, intent)

    say(gate_of(intent), world.ana, "rejected")

    assert history(intent)[-3:] == ["clean_up_started", "notification", "canceled"]
