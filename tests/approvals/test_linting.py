"""What is odd about a list of policies: each check with a list that it finds something in, and one that it does not."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.linting.examples import examples_of
from approvals.linting.findings import Known
from approvals.linting.whole import lint
from approvals.models import Membership
from approvals.rules import Rule, RuleRefused
from approvals.services.linting import lint_draft, lint_workspace
from intents.jsonschemas.validation import validate
from tests.factories import MORNING, gate_rule, make_policy, make_team

ABLE = {("team:sre",): 3, ("team:none",): 0, ("team:sre", "team:none"): 3, ("schedule:primary",): 1}
TYPE = "intent.infra.change.v1"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["env"],
    "properties": {"env": {"type": "string"}, "size": {"type": ["integer", "null"]}},
}


def known(**more: Any) -> Known:
    return Known(able=ABLE, now=MORNING, **more)


def rule(name: str = "p", action: str = "require", gates: list[dict[str, Any]] | None = None, **match: Any) -> Rule:
    wanted = [gate_rule("team:sre")] if gates is None and action == "require" else gates or []
    body = {"match": {"types": ["intent.infra.*"], **match}, "action": action, "gates": wanted}
    return Rule(name, 1, body)


def gated(*who: str, **gate: Any) -> Rule:
    return rule(gates=[gate_rule(*(who or ("team:sre",)), **gate)])


OTHERS = gate_rule("team:sre", exclude=["previous_approvers"])
STEPS = {"steps": [{"after": 0}, {"after": 7200, "who": ["team:sre"]}]}
ODD = {
    "too_few_people": [gated(need=4)],
    "means_nobody": [gated("team:sre", "team:none")],
    "schedule_hole": [gated("schedule:primary")],
    "approvers_used_up": [
        rule(
            gates=[gate_rule("team:sre", need=3, place="before"), gate_rule("team:sre", exclude=["previous_approvers"])]
        )
    ],
    "chain_too_long": [gated(chain=STEPS)],
    "silence_at_high_risk": [gated(risk="high", on_timeout="approve")],
    "several_yeses": [gated(need=2, outcomes=[["a", "yes"], ["b", "yes"], ["c", "no"]])],
    "sender_names_step": [gated(place={"before": "deploy"})],
    "shadowed": [rule("all", types=["*"]), rule("mine")],
    "condition_errs": [rule(when="payload.size > 3")],
    "open_schema": [rule(action="approve", when="payload.env == 'test'")],
    "sender_chooses": [rule(action="approve", when="scenario == 'nightly'")],
    "condition_refused": [rule(when="nonsense == 1")],
}
FINE = {
    "approvers_left": [
        rule(
            gates=[gate_rule("team:sre", need=2, place="before"), gate_rule("team:sre", exclude=["previous_approvers"])]
        )
    ],
    "chain_in_time": [gated(chain=STEPS, deadline=9000)],
    "one_yes": [gated(need=2)],
    "several_yeses_of_one": [gated(outcomes=[["a", "yes"], ["b", "yes"], ["c", "no"]])],
    "named_step_of_known_senders": [rule(gates=[gate_rule("team:sre", place={"before": "x"})], senders=["deploy-bot"])],
    "continues": [Rule("all", 1, rule(types=["*"]).body | {"continue": True}), rule("mine")],
    "narrower_first": [rule("mine"), rule("all", types=["*"])],
    "condition_first": [rule("some", when="payload.env == 'test'"), rule("mine")],
    "deny_last": [rule("all", types=["*"]), rule("never", "deny")],
    "condition_with_has": [rule(when="has(payload.size) && payload.size != null && payload.size > 3")],
}


@pytest.mark.parametrize(("code", "rules"), ODD.items(), ids=ODD)
def test_lint_finds_what_is_odd(code, rules):
    more = {"holes": {"schedule:primary": MORNING}, "open_types": {TYPE: "it has no schema"}}

    found = lint(rules, known(schemas={TYPE: SCHEMA}, **more))

    assert code in {finding.code for finding in found}


def test_lint_warns_of_a_requester_who_lets_pass():
    """Any program may name any member in `requested_by`."""
    found = lint([rule(action="approve", when="requester == 'ana@acme.example'")], known(schemas={TYPE: SCHEMA}))

    assert [finding.code for finding in found] == ["sender_chooses"]


@pytest.mark.parametrize("rules", FINE.values(), ids=FINE)
def test_lint_finds_nothing_in_what_is_fine(rules):
    assert lint(rules, known(schemas={TYPE: SCHEMA})) == []


SCHEMAS = st.recursive(
    st.sampled_from([{"type": name} for name in ("string", "integer", "number", "boolean", "null")])
    | st.just({"enum": ["a", 1]})
    | st.just({"type": ["string", "null"], "minLength": 3}),
    lambda inner: (
        st.builds(lambda each: {"type": "array", "items": each, "minItems": 1}, inner)
        | st.builds(
            lambda fields: {"type": "object", "properties": fields, "additionalProperties": False},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from("abc"), SCHEMAS, max_size=3), st.sets(st.sampled_from("abc")))
@settings(max_examples=50, deadline=None)
def test_examples_fit_their_schema_and_hold_every_field_and_each_alone_is_left_out(fields, needed):
    needs = sorted(needed & set(fields))
    schema = {"type": "object", "properties": fields, "required": needs, "additionalProperties": False}

    found = examples_of(schema)

    assert all(not validate(schema, each) for each in found)
    assert any(set(each) == set(fields) for each in found)
    for name in set(fields) - needed:
        assert any(name not in each for each in found)


@pytest.mark.django_db
def test_count_larger_than_the_eligible_people_is_refused_at_saving_and_flagged_when_the_team_shrinks(
    world: SimpleNamespace,
) -> None:
    """A count larger than the eligible people is refused at saving, and flagged if membership shrinks later."""
    with pytest.raises(RuleRefused, match="only 3 may decide"):
        make_policy(world.workspace, gates=[gate_rule("team:sre", need=4)])
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=3)])
    assert lint_workspace(world.workspace) == []

    Membership.objects.filter(person=world.cy).update(is_active=False)

    (found,) = lint_workspace(world.workspace)
    assert "3 of sre cannot agree: only 2 may decide by now." in found.sentence


@pytest.mark.django_db
def test_draft_is_looked_at_together_with_what_it_would_shadow(world: SimpleNamespace) -> None:
    make_policy(world.workspace, "mine", gates=[gate_rule("team:sre")], position=10)
    draft = rule("all", types=["*"]).body

    assert [str(each) for each in lint_draft(world.workspace, "all", draft, 20)] == []
    assert [(each.policy, each.code) for each in lint_draft(world.workspace, "all", draft, 5)] == [("mine", "shadowed")]


@pytest.mark.django_db
def test_lint_command_ends_with_one_when_something_is_odd(world: SimpleNamespace) -> None:
    out = StringIO()
    call_command("lint", str(world.workspace), stdout=out)
    make_team(world.workspace, "idle")
    make_policy(world.workspace, gates=[gate_rule("team:sre", "team:idle")])

    with pytest.raises(SystemExit) as ended:
        call_command("lint", str(world.workspace), stdout=out)

    assert ended.value.code == 1
    assert out.getvalue().splitlines() == [
        "Nothing odd was found.",
        "infra-changes: gates[0].requirement[0]: team:idle means nobody who is active here.",
    ]
