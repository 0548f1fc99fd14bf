"""Scenarios that jump: the order that they get, and what a jump leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.errors import Invalid
from intents.stepgraph import Way, ordered, parted
from intents.submission import StepSpec


def way(name: str, on_success: str = "", on_failure: str = "") -> Way:
    return Way(StepSpec(name, "agent", "scenario"), on_success, on_failure)


def names(*ways: Way, entry: str = "") -> list[str]:
    return [step.name for step in ordered(ways, entry)[0]]


def test_ordered_keeps_the_array_when_nothing_jumps():
    steps, warnings = ordered([way("a"), way("b"), way("c")])

    assert [(step.name, step.spec) for step in steps] == [("a", {}), ("b", {}), ("c", {})]
    assert warnings == []


def test_ordered_puts_each_step_behind_all_that_lead_to_it():
    assert names(way("a", "c"), way("b", "end"), way("c", "b")) == ["a", "c", "b"]


def test_ordered_begins_at_the_entry_and_says_what_is_never_reached():
    steps, warnings = ordered([way("a"), way("b", on_failure="d"), way("c", "end"), way("d")], "b")

    assert [step.name for step in steps] == ["b", "c", "d"]
    assert warnings == ["The step a is never reached; it is left out."]
    assert [step.spec for step in steps] == [{"on_failure": "d"}, {"on_success": "end"}, {}]


def test_ordered_writes_down_a_default_that_is_not_the_next_one_any_more():
    steps, _ = ordered([way("a", on_failure="c"), way("b", "d"), way("c"), way("d")])

    assert [(step.name, step.spec) for step in steps] == [
        ("a", {"on_failure": "c"}),
        ("b", {"on_success": "d"}),
        ("c", {}),
        ("d", {}),
    ]


@pytest.mark.parametrize(
    ("ways", "named"),
    [
        ([way("a"), way("b", "a")], "a, b"),
        ([way("a", on_failure="a")], "a"),
        ([way("a"), way("b", on_failure="a"), way("c")], "a, b"),
    ],
)
def test_ordered_refuses_a_loop_and_names_its_steps(ways, named):
    with pytest.raises(Invalid, match=f"the steps {named}") as refusal:
        ordered(ways)

    assert refusal.value.code == "scenario_loop"


@pytest.mark.parametrize("ways", [[way("a", "x")], [way("a", on_failure="x")]])
def test_ordered_refuses_a_jump_to_a_step_that_is_not_there(ways):
    with pytest.raises(Invalid, match="there is no such step"):
        ordered(ways)


def test_ordered_refuses_an_entry_that_is_not_there():
    with pytest.raises(Invalid, match="entry_step names 'end'"):
        ordered([way("a")], "end")


def test_ordered_takes_a_step_called_end_for_that_step():
    assert names(way("a", "end"), way("b"), way("end")) == ["a", "end"]


@pytest.mark.parametrize(
    ("target", "past", "met"), [("c", [0], [1]), ("end", [0, 2], [1]), ("a", [], []), ("gate", [0], [])]
)
def test_parted_passes_no_gate_of_a_policy_by(target, past, met):
    assert parted([("a", False), ("gate", True), ("c", False)], target) == (past, met)


@given(st.data(), st.integers(1, 100))
@settings(max_examples=100)
def test_ordered_leads_forward_only_whatever_the_jumps_are(data, size):
    jumps = st.sampled_from(["", "end", *(f"s{number}" for number in range(size))])
    ways = [way(f"s{number}", data.draw(jumps), data.draw(jumps)) for number in range(min(size, 8))]

    try:
        steps, warnings = ordered(ways)
    except Invalid:
        return

    places = {step.name: at for at, step in enumerate(steps)}
    assert len(steps) + len(warnings) == len(ways)
    for step in steps:
        for target in step.spec.values():
            assert places.get(target, len(steps)) > places[step.name]
