"""No request walks around a policy's gate: any scenario, any policies, and each gate still stands where it must."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.placing import Ask, Item, PolicyGate, merge_with_first, place_all
from approvals.terms import from_request, from_rule, line
from intents.submission import StepSpec, Times
from tests.factories import gate_rule


def explicit(name: str) -> Ask:
    terms, _ = from_request([line(["team:own"], 1)], Times(), [])
    return Ask(StepSpec(name, "human", "scenario"), terms | {"names_nobody": True}, explicit=True)


def item(name: str, kind: str) -> Item:
    return explicit(name) if kind == "human" else StepSpec(name, kind, "scenario", {}, "agent://acme/production/a")


@st.composite
def plans(draw: Any) -> list[Item]:
    kinds = draw(st.lists(st.sampled_from(["agent", "human", "delay", "notification"]), max_size=7))
    return [item(f"s{number}", kind) for number, kind in enumerate(kinds)]


@st.composite
def policy_gates(draw: Any) -> list[PolicyGate]:
    """Gates of up to three policies, each with people of its own by whom it is found again."""
    drawn = draw(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from(["before", "after"])), max_size=6))
    return [
        PolicyGate(f"policy:{name}", place, from_rule(gate_rule(f"team:g{number}", place=place)))
        for number, (name, place) in enumerate(sorted(drawn))
    ]


def place_of(gate: PolicyGate, items: list[Item]) -> int:
    """Where its people are asked now; exactly one place."""
    wanted = gate.terms["requirement"][0]
    found = [at for at, each in enumerate(items) if isinstance(each, Ask) and wanted in each.terms["requirement"]]
    assert len(found) == 1
    return found[0]


def agents_in(items: list[Item]) -> list[int]:
    return [at for at, each in enumerate(items) if isinstance(each, StepSpec) and each.kind == "agent"]


@given(plans(), policy_gates())
@settings(max_examples=200)
def test_place_all_never_lets_work_begin_before_or_end_after_a_gate_of_a_policy(items, gates):
    placed = place_all(list(items), gates)

    agents = agents_in(placed)
    for gate in gates:
        at = place_of(gate, placed)
        if agents and gate.place == "before":
            assert at < agents[0]
        if agents and gate.place == "after":
            assert at > agents[-1]


@given(plans(), policy_gates())
@settings(max_examples=200)
def test_place_all_loses_nothing_and_keeps_the_order(items, gates):
    placed = place_all(list(items), gates)

    assert [each for each in placed if each in items] == items
    for name in "pqr":
        for place in ("before", "after"):
            own = [gate for gate in gates if gate.policy == f"policy:{name}" and gate.place == place]
            places = [place_of(gate, placed) for gate in own]
            assert places == sorted(places)


@given(plans(), policy_gates())
@settings(max_examples=200)
def test_place_all_never_merges_two_gates_of_one_policy(items, gates):
    placed = place_all(list(items), gates)

    for name in "pqr":
        own = [gate for gate in gates if gate.policy == f"policy:{name}"]
        holders = [each for each in placed if isinstance(each, Ask) and f"policy:{name}" in each.merged_with]
        assert len(holders) == len(own)


@given(plans(), policy_gates())
@settings(max_examples=200)
def test_place_all_merges_with_a_gate_of_the_request_only_where_no_work_lies_between(items, gates):
    placed = place_all(list(items), gates)

    agents = agents_in(placed)
    for gate in gates:
        at = place_of(gate, placed)
        alone = len(placed[at].terms["requirement"]) == 1 and not placed[at].explicit
        near = [
            each for each in placed if isinstance(each, Ask) and each.explicit and _same_side(placed, each, at, agents)
        ]
        assert (
            not alone or all(gate.policy in each.merged_with for each in near) or _later_gate_of_its_policy(gate, near)
        )


@given(plans())
def test_merge_with_first_joins_the_first_gate_of_the_request_and_else_stands_before_the_work(items):
    had_gate = any(isinstance(each, Ask) for each in items)
    gate = PolicyGate("default", "before", from_rule(gate_rule("team:default")))

    placed = merge_with_first(list(items), gate)

    at = place_of(gate, placed)
    if had_gate:
        assert placed[at] is next(each for each in items if isinstance(each, Ask))
    elif agents_in(placed):
        assert at == agents_in(placed)[0] - 1
    else:
        assert at == len(placed) - 1


@pytest.mark.parametrize("place", ["before", "after"])
def test_place_all_keeps_the_order_of_two_gates_among_two_gates_of_the_request(place):
    work = item("work", "agent")
    around = [explicit("x"), explicit("y")]
    items = [*around, work] if place == "before" else [work, *around]
    gates = [PolicyGate("policy:p", place, from_rule(gate_rule(f"team:g{number}"))) for number in range(2)]

    placed = place_all(items, gates)

    first, second = (place_of(gate, placed) for gate in gates)
    assert first < second
    assert len(placed) == 4


@pytest.mark.parametrize(("place", "expected"), [("before", 1), ("after", 2)])
def test_place_all_stands_around_a_step_when_the_policy_names_it(place, expected):
    items = [item(f"s{number}", "agent") for number in range(2)]
    gate = PolicyGate("policy:p", place, from_rule(gate_rule("team:sre")), step="s1")

    placed = place_all(list(items), [gate])

    assert place_of(gate, placed) == expected
    assert [each for each in placed if each in items] == items


def test_place_all_lets_no_work_begin_when_the_name_is_given_to_another_kind_of_step():
    items = [item("work", "agent"), item("deploy", "notification")]
    gate = PolicyGate("policy:p", "before", from_rule(gate_rule("team:sre")), step="deploy")

    assert place_of(gate, place_all(items, [gate])) == 0


@given(plans(), st.sampled_from(["before", "after"]), st.integers(0, 8))
def test_place_all_passes_the_gate_before_or_after_the_step_that_it_names(items, place, number):
    gate = PolicyGate("policy:p", place, from_rule(gate_rule("team:named")), step=f"s{number}")

    placed = place_all(list(items), [gate])

    at = place_of(gate, placed)
    names = [each.step.name if isinstance(each, Ask) else each.name for each in placed]
    agents = [names.index(f"s{number}")] if f"s{number}" in names else agents_in(placed)
    if agents and place == "before":
        assert at <= agents[0]
    if agents and place == "after":
        assert at >= agents[-1]


def test_take_in_drops_the_fallback_people_of_a_gate_that_names_nobody():
    ask = explicit("s")

    ask.take_in("policy:p", from_rule(gate_rule("team:sre")), "after")
    ask.take_in("policy:q", from_rule(gate_rule("team:leads")), "after")

    assert ask.terms["requirement"] == [line(["team:leads"], 1), line(["team:sre"], 1)]
    assert ask.step.source == "scenario+policy:p+policy:q"


def _same_side(placed: list[Item], ask: Ask, at: int, agents: list[int]) -> bool:
    other = placed.index(ask)
    return not any(min(at, other) < agent < max(at, other) for agent in agents)


def _later_gate_of_its_policy(gate: PolicyGate, near: list[Ask]) -> bool:
    """The first gate of its policy has merged; those that follow it stand alone, so that they keep their order."""
    return any(gate.policy in each.merged_with for each in near)
