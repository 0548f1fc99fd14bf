"""What a policy matches: types, senders, targets, conditions; and what an error or an open schema means."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Gate
from approvals.rules import Rule, RuleRefused, check_body, rule_on
from approvals.weighing import why_open
from intents.models import Event, SemanticSchema
from intents.services.schemas import WantedSchema
from tests.acts import finish_work, take_work
from tests.approvals.browsing import signed_in, text_of
from tests.factories import facts, gate_rule, make_policy, send

pytestmark = pytest.mark.django_db
TYPE = "intent.infra.change.v1"
CLOSED = {"type": "object", "additionalProperties": False, "properties": {"env": {"type": "string"}}}


def rule(action: str = "require", name: str = "p", **match: Any) -> Rule:
    return Rule(name, 1, {"match": {"types": ["*"], **match}, "action": action, "gates": [gate_rule("team:sre")]})


def whys(rules: list[Rule], **known: Any) -> list[str]:
    return [reason["why"] for reason in rule_on(rules, facts(**known)).reasons]


def test_rule_matches_by_sender_and_target_patterns():
    rules = [
        rule(senders=["deploy-*"], name="a"),
        rule(targets=["agent://acme/production/db-*"], name="b"),
        rule(senders=["send*"], targets=["agent://acme/production/infra-validator"], name="c"),
    ]

    assert whys(rules) == ["sender", "target", "matched"]


@pytest.mark.parametrize(("action", "matched"), [("require", True), ("deny", True), ("approve", False)])
def test_rule_for_a_target_looks_at_every_agent_of_a_scenario(action, matched):
    asked = rule(action, targets=["agent://acme/production/db"])

    ruling = rule_on([asked], facts(workers=("agent://acme/production/db",)))

    assert ruling.reasons[0]["matched"] is matched


@pytest.mark.parametrize(("action", "matched"), [("require", True), ("deny", True), ("approve", False)])
def test_rule_with_an_error_in_its_condition_never_waves_through(action, matched):
    ruling = rule_on([rule(action, when="payload.env == 'prod'")], facts(payload={}, has_closed_schema=True))

    assert ruling.reasons[0]["matched"] is matched
    assert ruling.reasons[0]["why"] == "condition_error"
    assert "env" in ruling.reasons[0]["error"]


@pytest.mark.parametrize(("action", "matched"), [("require", True), ("deny", True), ("approve", False)])
def test_conditions_beyond_the_time_of_one_ruling_wave_nothing_through(action, matched):
    slow = "payload.l.all(x, " + " && ".join(["x >= 0"] * 60) + ") && false"
    rules = [rule(action, when=slow, name=f"p{number}") for number in range(12)]
    known = facts(payload={"l": list(range(1000))}, has_closed_schema=True)

    first, again = rule_on(rules, known), rule_on(rules, known)

    assert first == again
    assert [first.reasons[at]["matched"] for at in (0, -1)] == [False, matched]
    assert "so many conditions" in first.reasons[-1]["error"]


def test_rule_on_says_what_was_shadowed_and_why_the_rest_did_not_match():
    rules = [
        rule(when="payload.env == 'test'", name="a"),
        rule(when="payload.env == 'prod'", name="b"),
        rule(name="c"),
        rule("deny", name="d", types=["other.*"]),
    ]

    assert whys(rules, payload={"env": "prod"}) == ["condition", "matched", "shadowed", "type"]


def test_rule_on_names_fifty_policies_for_other_types_and_counts_the_rest():
    rules = [rule(types=["other.*"], name=f"p{number}") for number in range(80)]

    *named, rest = rule_on([*rules, rule(name="mine")], facts()).reasons

    assert [reason["why"] for reason in named].count("type") == 50
    assert named[-1]["policy"] == "mine"
    assert rest == {"others": 30, "why": "type", "matched": False}


REFUSED = {
    "no_text": {"match": {"types": ["*"], "when": 1}, "action": "deny"},
    "empty": {"match": {"types": ["*"], "when": " "}, "action": "deny"},
    "fault": {"match": {"types": ["*"], "when": "payload.env == "}, "action": "deny"},
    "prior_denies": {"match": {"types": ["*"], "when": "prior.work.ok"}, "action": "deny"},
    "prior_before": {
        "match": {"types": ["*"], "when": "prior.work.ok"},
        "action": "require",
        "gates": [gate_rule("team:sre", place="before")],
    },
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_check_body_refuses_a_condition_that_cannot_be_weighed(body):
    with pytest.raises(RuleRefused, match=r"match\.when|prior"):
        check_body(body)


def test_policy_with_a_condition_asks_only_where_it_holds(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")], when="payload.env == 'prod'")
    make_policy(world.workspace, "rest", "approve", position=20)

    gated, passed = send(world, payload={"env": "prod"}), send(world, payload={"env": "test"})

    assert [step.kind for step in gated.steps.all()] == ["human", "agent"]
    assert [step.kind for step in passed.steps.all()] == ["agent"]
    assert [reason["why"] for reason in passed.texts.plan["reasons"]] == ["condition", "matched"]


def test_policy_that_lets_pass_by_payload_needs_a_closed_schema(world: SimpleNamespace) -> None:
    with pytest.raises(RuleRefused, match="no registered schema"):
        make_policy(world.workspace, action="approve", types=(TYPE,), when="payload.env == 'test'")

    register(world, CLOSED)
    make_policy(world.workspace, action="approve", types=(TYPE,), when="payload.env == 'test'")

    assert [step.kind for step in send(world, payload={"env": "test"}).steps.all()] == ["agent"]


@pytest.mark.parametrize("mode", ["backward", "warn"])
def test_policy_that_lets_pass_by_payload_passes_nothing_once_the_schema_is_open(
    world: SimpleNamespace, mode: str
) -> None:
    row = register(world, CLOSED)
    make_policy(world.workspace, action="approve", types=(TYPE,), when="payload.env == 'test'")
    schema = CLOSED | {"additionalProperties": mode == "backward"}
    SemanticSchema.objects.filter(pk=row.pk).update(schema=schema, compatibility_mode=mode)

    intent = send(world, payload={"env": "test"})

    assert [step.kind for step in intent.steps.all()] == ["human", "agent"]
    assert intent.texts.plan["reasons"][0]["why"] == "open_schema"
    assert why_open(world.workspace, TYPE)


def test_unlabelled_intent_is_gated_and_not_waved_through(world: SimpleNamespace) -> None:
    """An intent whose label or payload shape misses every policy is gated, not waved through."""
    register(world, CLOSED)
    make_policy(world.workspace, action="approve", types=(TYPE,), when="payload.env == 'test'")

    misspelt, shapeless = send(world, intent_type="intent.infra.chnage.v1"), send(world, payload={})

    for intent in (misspelt, shapeless):
        assert [step.source for step in intent.steps.all()] == ["default", "request"]


def test_deny_beats_approve_whatever_stands_first(world: SimpleNamespace) -> None:
    """A story: everything passes for a trusted sender, but nothing that deletes a cluster ever does."""
    make_policy(world.workspace, "trusted", "approve", senders=["sender"], position=1)
    make_policy(world.workspace, "never", "deny", when="payload.verb == 'delete'", position=2)

    harmless, deadly = send(world, payload={"verb": "list"}), send(world, payload={"verb": "delete"})

    assert (harmless.status, deadly.status) == ("SUBMITTED", "CANCELED")
    assert deadly.texts.plan["denied"] == "never"


@pytest.mark.parametrize(("found", "opens"), [(7, True), (0, False), ("many", True)])
def test_gate_after_the_work_opens_only_if_its_condition_about_the_result_does_not_fail(
    world: SimpleNamespace, found: object, opens: bool
) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre")], when="prior.work.found > 0")
    make_policy(world.workspace, "rest", "approve", position=20)
    intent = send(world)

    take_work(world)
    finish_work(world, intent, found=found)

    intent.refresh_from_db()
    assert (intent.status, Gate.objects.filter(intent=intent).exists()) == (
        ("WAITING" if opens else "COMPLETED"),
        opens,
    )
    assert Event.objects.filter(intent=intent, event_type="intent.gate_passed_over").exists() is not opens


def test_gate_after_the_work_leaves_the_rest_of_the_list_as_it_is(world: SimpleNamespace) -> None:
    make_policy(world.workspace, gates=[gate_rule("team:sre")], when="prior.work.found > 0")

    intent = send(world)

    assert [(step.kind, step.source) for step in intent.steps.all()] == [
        ("human", "default"),
        ("agent", "request"),
        ("human", "policy:infra-changes@1"),
    ]


def test_intent_page_says_why_each_policy_did_or_did_not_ask(world: SimpleNamespace) -> None:
    for position, when in enumerate(("payload.env == 'test'", "payload.size > 3", "true", "false || true")):
        make_policy(world.workspace, f"p{position}", gates=[gate_rule("team:sre")], when=when, position=position)
    intent = send(world, payload={"env": "prod"})
    make_policy(world.workspace, "p0", "deny")

    page = text_of(signed_in(world.ana).get(f"/intents/{intent.pk}"))

    assert "Its condition does not hold." in page
    assert "Its condition could not be told" in page
    assert "an earlier policy had decided already" in page


def register(world: SimpleNamespace, schema: dict[str, Any]) -> SemanticSchema:
    wanted = WantedSchema(TYPE, schema, "backward")
    now = world.workspace.created_at
    world.workspace.has_schemas = True
    world.workspace.save()
    return SemanticSchema.objects.create(
        workspace=world.workspace,
        semantic_type=TYPE,
        version=1,
        schema=schema,
        schema_hash=wanted.hash,
        compatibility_mode="backward",
        is_active=True,
        activated_at=now,
        created_at=now,
        updated_at=now,
    )
