"""The policies that count are those of this moment, however often they are weighed and whoever changes them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.activerules import MOST_WORKSPACES, active_list, active_rules
from approvals.models import Policy, PolicyVersion
from approvals.rulelist import RuleList
from approvals.rules import MOST_OTHERS, Rule, rule_on
from intents.models import Intent
from intents.services.durable import undone
from tests.factories import facts, gate_rule, make_policy, make_workspace, send

TYPES = ("intent.a.v1", "intent.a.v2", "intent.b.v1", "intent.*", "intent.a.*", "*")
MATCHES = st.fixed_dictionaries(
    {"types": st.lists(st.sampled_from(TYPES), min_size=1, max_size=3)},
    optional={"senders": st.just(["other"]), "when": st.sampled_from(["payload.size > 1", "payload.none == 1"])},
)
BODIES = st.fixed_dictionaries(
    {"match": MATCHES, "action": st.sampled_from(["require", "approve", "deny"]), "continue": st.booleans()}
)
FAR = {"match": {"types": ["intent.far.v1"]}, "action": "deny"}


@settings(max_examples=150)
@given(
    bodies=st.lists(BODIES, max_size=8),
    places=st.lists(st.integers(0, 70), min_size=8, max_size=8),
    others=st.sampled_from([0, 3, MOST_OTHERS - 1, MOST_OTHERS, MOST_OTHERS + 20]),
    size=st.integers(0, 3),
    intent_type=st.sampled_from(["intent.a.v1", "intent.b.v1", "intent.c.v1", "other.v1"]),
)
def test_a_list_asked_by_type_says_what_all_of_its_rules_say(bodies, places, others, size, intent_type):
    listed: list[Any] = [FAR] * others
    for place, body in zip(places, bodies, strict=False):
        listed.insert(place, body)
    rows = [(at, f"p{at}", 1, json.dumps(body)) for at, body in enumerate(listed)]
    about = facts(intent_type, payload={"size": size})

    found = RuleList(rows)
    plain = [Rule(f"p{at}", 1, body) for at, body in enumerate(listed)]
    assert found.rule_on(found.about(intent_type), about) == rule_on(plain, about)


def asked(world: SimpleNamespace) -> list[str]:
    """Whose gates a new intent gets, by the versions of the policies."""
    return [step["source"] for step in send(world, to_agent="human").texts.plan["steps"]]


def reword(body: dict[str, Any]) -> Callable[[Policy], object]:
    return lambda policy: PolicyVersion.objects.filter(policy=policy).update(body=body)


def body_of(*types: str) -> dict[str, Any]:
    return {"match": {"types": list(types)}, "action": "require", "gates": [gate_rule("team:sre")]}


CHANGES: dict[str, tuple[Callable[[Policy], object], str]] = {
    "switched off": (lambda policy: Policy.objects.filter(pk=policy.pk).update(is_active=False), "policy:other@1"),
    "moved behind": (lambda policy: Policy.objects.filter(pk=policy.pk).update(position=30), "policy:other@1"),
    "renamed": (lambda policy: Policy.objects.filter(pk=policy.pk).update(name="new"), "policy:new@1"),
    "deleted": (lambda policy: policy.delete(), "policy:other@1"),
    "for another type now": (reword(body_of("intent.b.v1")), "policy:other@1"),
    "given a new version": (
        lambda policy: make_policy(policy.workspace, "first", gates=[gate_rule("team:sre")]),
        "policy:first@2",
    ),
    "preceded by another": (
        lambda policy: make_policy(policy.workspace, "before", gates=[gate_rule("team:sre")], position=1),
        "policy:before@1",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_policies_counts_for_the_next_intent_when(world, change):
    """None of them tells the process that it happened: it may be another one's, or made in the database by hand."""
    make_policy(world.workspace, "other", gates=[gate_rule("team:sre")], position=20)
    policy = make_policy(world.workspace, "first", gates=[gate_rule("team:sre")])
    assert asked(world) == ["policy:first@1"]
    make, source = CHANGES[change]

    make(policy)

    assert asked(world) == [source]


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_never_counts_when_another_takes_its_number(world):
    make_policy(world.workspace, "first", gates=[gate_rule("team:sre")])
    with undone():
        make_policy(world.workspace, "first", action="deny")
        assert send(world).status == "CANCELED"
    assert asked(world) == ["policy:first@1"]

    make_policy(world.workspace, "first", gates=[gate_rule("team:sre", deadline=60)])

    assert asked(world) == ["policy:first@2"]
    assert Intent.objects.filter(status="CANCELED").count() == 0


@pytest.mark.django_db
def test_nobody_changes_a_policy_by_what_they_do_to_its_rule(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    (rule,) = active_list(world.workspace).about("intent.infra.change.v1").values()

    rule.body["match"]["types"].clear()
    rule.body["gates"][0]["requirement"].clear()
    active_rules(world.workspace)[0].body.clear()

    assert asked(world) == ["policy:infra-changes@1"]
    assert active_list(world.workspace) is active_list(world.workspace)


@pytest.mark.django_db
def test_each_workspace_has_its_own_list_when_there_are_more_than_are_kept(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    for number in range(MOST_WORKSPACES + 1):
        assert active_rules(make_workspace(name=f"w{number}")) == []

    assert [rule.name for rule in active_rules(world.workspace)] == ["infra-changes"]


@pytest.mark.django_db
def test_an_intent_takes_no_more_work_when_there_are_many_policies_for_other_types(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    few = work_with(world, MOST_OTHERS + 10)

    assert work_with(world, 200) < few + 20


def work_with(world: SimpleNamespace, others: int) -> int:
    """How many Python functions are called to weigh an intent with so many policies for other types."""
    there = Policy.objects.count()
    rows = [Policy(workspace=world.workspace, name=f"p{at}", position=at, version=1) for at in range(there, others)]
    Policy.objects.bulk_create(rows)
    PolicyVersion.objects.bulk_create(PolicyVersion(policy=row, number=1, body=FAR) for row in rows)
    send(world)
    calls: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, found: calls.update([event]))
    try:
        listed = active_list(world.workspace)
        assert listed.rule_on(listed.about("intent.infra.change.v1"), facts()).found
    finally:
        sys.setprofile(None)
    return calls["call"]
