"""Scenarios that jump, on real rows: whatever the graph says, a policy's gate stands across every way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals.models import Gate
from approvals.views.history import history_of
from intents.models import Intent
from intents.services.durable import durable
from intents.services.resume import resume
from intents.services.scenarios import apply_bundle, prepare
from intents.wire.bundle import read_bundle
from tests.acts import agent_task, bundle, current_step, details, ending, finish_work, fresh, gate_of, history, say
from tests.acts import signoff as signoff_step
from tests.factories import gate_rule, make_policy, make_team


def start(world: SimpleNamespace, *steps: dict[str, Any], entry: str = "", **fields: Any) -> Intent:
    body = bundle(*steps, **fields)
    body["workflow"]["entry_step"] = entry or None
    read = read_bundle(body)
    with durable():
        intent, _ = apply_bundle(world.principal, prepare(world.principal, read))
    return intent


def fail_work(world: SimpleNamespace, intent: Intent) -> None:
    resume(intent, current_step(intent), world.worker, {"action": "fail", "why": "disk"})


def note(step_id: str, **fields: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool_id": "tool.internal.notification", "config": {"subject": "n"}, **fields}


def statuses(intent: Intent) -> dict[str, str]:
    return dict(intent.steps.values_list("name", "status"))


@pytest.fixture
def passed(world: SimpleNamespace) -> SimpleNamespace:
    make_policy(world.workspace, action="approve")
    return world


def test_on_success_leaves_out_what_lies_between(passed):
    intent = start(passed, agent_task("a", on_success="c"), agent_task("b"), agent_task("c"))

    finish_work(passed, intent)

    assert current_step(intent).name == "c"
    assert statuses(intent) == {"a": "done", "c": "ready"}
    assert "The step b is never reached; it is left out." in intent.texts.warnings


def test_entry_step_begins_there(passed):
    intent = start(passed, agent_task("a"), agent_task("b"), entry="b")

    assert [step["step_id"] for step in intent.texts.plan["steps"]] == ["b"]


def test_on_failure_goes_to_the_step_that_is_set_for_it(passed):
    intent = start(passed, agent_task("a", on_failure="undo"), agent_task("b", on_success="end"), agent_task("undo"))

    fail_work(passed, intent)

    assert statuses(intent) == {"a": "failed", "b": "skipped", "undo": "ready"}
    said = details(intent, "jumped")
    assert (said["step_id"], said["to"], said["why"]) == ("a", "undo", "on_failure")


def test_success_leaves_the_failure_step_out(passed):
    intent = start(passed, agent_task("a", on_failure="undo"), agent_task("b", on_success="end"), agent_task("undo"))

    finish_work(passed, intent)
    finish_work(passed, intent)

    assert statuses(intent) == {"a": "done", "b": "done", "undo": "skipped"}
    assert (ending(intent)["approved"], fresh(intent).status) == (True, "COMPLETED")


def test_work_done_instead_completes_and_is_never_called_approved(passed):
    intent = start(passed, agent_task("a", on_failure="b", on_success="end"), agent_task("b"))

    fail_work(passed, intent)
    finish_work(passed, intent, done=True)

    said = ending(intent)
    assert (fresh(intent).status, said["approved"], said["outcome"]) == ("COMPLETED", False, "completed")
    assert (said["reason"], said["result"]) == ("agent_failed", {"done": True})
    assert said["receipt_id"] is None


def test_failure_that_was_only_told_about_ends_failed(passed):
    intent = start(passed, agent_task("a", on_failure="tell", on_success="end"), note("tell"))

    fail_work(passed, intent)

    assert (fresh(intent).status, ending(intent)["approved"]) == ("FAILED", False)
    assert history(intent)[-2:] == ["notification", "failed"]


def test_on_failure_after_people_refused_runs_nothing(world):
    intent = start(world, signoff_step("ask", on_failure="b"), agent_task("a", on_success="end"), agent_task("b"))

    say(gate_of(intent), world.ana, "rejected")

    assert fresh(intent).status == "CANCELED"
    assert "Step ask: on_failure is ignored; after a refusal nothing else runs." in intent.texts.warnings
    assert statuses(intent) == {"ask": "canceled", "a": "canceled"}


def test_jump_past_a_policys_gate_meets_it_and_then_goes_where_it_led(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="after")])
    steps = [agent_task("a", on_success="z"), agent_task("b"), signoff_step("ask", on_success="end"), note("z")]
    intent = start(world, *steps, agent_task("c"), entry="a")

    finish_work(world, intent)
    assert statuses(intent)["z"] == "done"  # before the last work, and so before the gate
    finish_work(world, intent)
    say(gate_of(intent), world.ana)

    assert fresh(intent).status == "COMPLETED"
    assert Gate.objects.get(intent=intent).source.startswith("policy:")


def test_jump_over_a_merged_gate_asks_it_and_does_not_follow_the_gates_own_jump(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="after")])
    intent = start(world, agent_task("work", on_failure="tell"), signoff_step("ask", on_success="end"), note("tell"))

    fail_work(world, intent)
    say(gate_of(intent), world.ana)

    assert statuses(intent) == {"work": "failed", "ask": "done", "tell": "done"}


def test_gate_of_the_request_alone_is_left_out_by_its_own_jump(passed):
    intent = start(passed, agent_task("work", on_failure="tell"), signoff_step("ask", on_success="end"), note("tell"))

    fail_work(passed, intent)

    assert statuses(intent) == {"work": "failed", "ask": "skipped", "tell": "done"}


def test_jump_stands_in_the_history_in_words(passed):
    intent = start(passed, agent_task("a", on_failure="undo"), agent_task("b", on_success="end"), agent_task("undo"))

    fail_work(passed, intent)

    assert "a failed; the request went on to undo." in [entry.text for entry in history_of(intent)]


KINDS = ("agent", "human", "note")


@st.composite
def graphs(draw: Any) -> list[dict[str, Any]]:
    """Up to six steps of any kind that jump anywhere forward in some order of their own, or to the end."""
    size = draw(st.integers(1, 6))
    order = draw(st.permutations(range(size)))
    steps = []
    for at in range(size):
        later = [f"s{number}" for number in range(size) if order[number] > order[at]]
        target = st.sampled_from([*later, "end"])
        jumps = {"on_success": draw(target)} | ({"on_failure": draw(target)} if draw(st.booleans()) else {})
        make = {"agent": agent_task, "human": signoff_step, "note": note}[draw(st.sampled_from(KINDS))]
        steps.append(make(f"s{at}", **jumps))
    return steps


@given(graphs(), st.data())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.django_db
def test_no_graph_walks_around_a_policys_gate_and_each_one_ends(walked, graph, data):
    entry = data.draw(st.sampled_from([step["step_id"] for step in graph]))
    intent = start(walked, *graph, entry=entry)
    asked: set[str] = set()
    begun = []

    for _ in range(20):
        step = intent.steps.filter(status__in=("ready", "current")).first()
        if step is None:
            break
        if step.kind == "human":
            gate, answer = gate_of(intent), data.draw(st.sampled_from(["approved", "approved", "rejected"]))
            asked |= {line["who"][0] for line in gate.terms.body["requirement"]} if answer == "approved" else set()
            say(gate, walked.ana, answer)
            if answer == "rejected":
                assert not intent.steps.filter(status__in=("ready", "current")).exists()
        else:
            assert "team:before" in asked, "work began before the policy's gate"
            begun.append(step.name)
            fail_work(walked, intent) if data.draw(st.booleans()) else finish_work(walked, intent)

    assert fresh(intent).status in ("COMPLETED", "FAILED", "CANCELED")
    if fresh(intent).status == "COMPLETED":
        assert {"team:before", "team:after"} <= asked


@pytest.fixture
def walked(world: SimpleNamespace) -> SimpleNamespace:
    for name in ("before", "after"):
        make_team(world.workspace, name, world.ana)
    gates = [gate_rule("team:before", place="before"), gate_rule("team:after", place="after")]
    make_policy(world.workspace, gates=gates)
    return world
