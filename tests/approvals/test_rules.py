"""What a list of policies says about one intent, and which bodies are policies at all."""

import pytest

from approvals.rules import Rule, RuleRefused, check_body, rule_on
from tests.factories import facts, gate_rule

ALL = ("intent.infra.*",)


def rule(name: str, action: str, types: tuple[str, ...] = ALL, **body: object) -> Rule:
    return Rule(name, 1, {"match": {"types": list(types)}, "action": action, "gates": [], **body})


def body(**fields: object) -> dict[str, object]:
    return {"match": {"types": list(ALL)}, "action": "require", "gates": [gate_rule("team:sre")], **fields}


def test_rule_on_finds_nothing_when_no_pattern_fits():
    ruling = rule_on([rule("a", "require", ("intent.other.*",))], facts("intent.infra.x.v1"))

    assert not ruling.found
    assert [reason["matched"] for reason in ruling.reasons] == [False]


def test_rule_on_lets_the_first_match_decide():
    ruling = rule_on([rule("a", "approve"), rule("b", "require")], facts("intent.infra.x.v1"))

    assert ruling.passed_by is not None
    assert ruling.passed_by.name == "a"
    assert ruling.required == ()


def test_rule_on_goes_on_when_the_match_says_continue():
    rules = [rule("a", "require", **{"continue": True}), rule("b", "require"), rule("c", "require")]

    ruling = rule_on(rules, facts("intent.infra.x.v1"))

    assert [each.name for each in ruling.required] == ["a", "b"]


@pytest.mark.parametrize("first", ["approve", "require"])
def test_rule_on_denies_when_any_match_denies(first):
    ruling = rule_on([rule("a", first), rule("b", "deny")], facts("intent.infra.x.v1"))

    assert ruling.denied_by is not None
    assert ruling.denied_by.name == "b"


def test_rule_on_requires_when_an_approve_that_continues_meets_a_requirement():
    ruling = rule_on([rule("a", "approve", **{"continue": True}), rule("b", "require")], facts("intent.infra.x.v1"))

    assert ruling.passed_by is None
    assert [each.name for each in ruling.required] == ["b"]


def test_rule_on_matches_an_exact_type_only_exactly():
    exact = rule("a", "deny", ("intent.infra.x.v1",))

    assert rule_on([exact], facts("intent.infra.x.v1")).denied_by
    assert not rule_on([exact], facts("intent.infra.x.v10")).denied_by


def test_check_body_takes_a_whole_policy():
    check_body(
        body(author_fields=["author"], gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 3})])
    )


def test_check_body_takes_every_key_that_there_is():
    whole = gate_rule(
        "team:sre",
        place={"before": "deploy"},
        task_type="review",
        title="{type} for {target}",
        instructions="Asked by {sender} for {requester} in {workspace}: {payload.service}",
        outcomes=[["approved", "yes"], ["to_the_board", "back"], ["rejected", "no"]],
        form={"type": "object", "properties": {"ticket": {"type": "string"}}},
        rejections=2,
        comment_required=["rejected"],
        exclude=["previous_approvers"],
        inform=["team:managers"],
        strength={"signed_in_within": 10},
        risk="high",
        editable=["payload.count"],
        fillable=["payload.ticket"],
        secret=["payload.db.password"],
        warn_before=600,
        on_timeout="rejected",
        extend={"who": ["team:sre"], "most": 7200},
        chain="night",
    )
    match = {"types": ["*"], "senders": ["deploy-*"], "targets": ["agent://acme/*"], "when": "payload.env == 'prod'"}

    check_body(body(match=match, clean_up="rollback", on_agent_failure="ask", gates=[whole]))


GATE_FAULTS = {
    "place_unknown_side": {"place": {"during": "deploy"}},
    "place_two_sides": {"place": {"before": "a", "after": "b"}},
    "task_type_unknown": {"task_type": "poem"},
    "title_unknown_name": {"title": "{payload.__class__.x}"},
    "title_lone_brace": {"title": "a { b"},
    "instructions_unknown_name": {"instructions": "{settings}"},
    "instructions_too_long": {"instructions": "x" * 2001},
    "outcomes_no_no": {"outcomes": [["approved", "yes"]]},
    "outcomes_twice": {"outcomes": [["a", "yes"], ["a", "no"]]},
    "outcomes_class": {"outcomes": [["a", "yes"], ["b", "maybe"]]},
    "outcomes_ours_reclassed": {"outcomes": [["approved", "no"], ["a", "yes"]]},
    "outcomes_the_servers": {"outcomes": [["a", "yes"], ["expired", "no"]]},
    "form_no_object": {"form": {"type": "string"}},
    "comment_not_offered": {"comment_required": ["maybe"]},
    "exclude_unknown": {"exclude": ["everybody"]},
    "inform_nobody": {"inform": []},
    "post_nowhere": {"post": []},
    "post_to_a_name_without_its_kind": {"post": ["#deploys"]},
    "post_twice": {"post": ["slack:#deploys", "slack:#deploys"]},
    "strength_unknown": {"strength": "strong"},
    "strength_no_minutes": {"strength": {"signed_in_within": 0}},
    "link_at_normal_risk": {"strength": "link"},
    "risk_unknown": {"risk": "huge"},
    "high_risk_by_token": {"risk": "high", "strength": "linked"},
    "high_risk_stale_sign_in": {"risk": "high", "strength": {"signed_in_within": 60}},
    "high_risk_by_silence": {"risk": "high", "on_timeout": "approve"},
    "field_outside_the_payload": {"editable": ["sender"]},
    "secret_and_editable": {"secret": ["payload.db"], "editable": ["payload.db.size"]},
    "editable_and_fillable": {"editable": ["payload.a"], "fillable": ["payload.a"]},
    "warning_after_the_end": {"warn_before": 3600},
    "extend_nobody": {"extend": {"who": [], "most": 60}},
    "extend_over_29_days": {"extend": {"who": ["team:sre"], "most": 29 * 24 * 3600}},
    "on_timeout_no_outcome_of_its_own": {"outcomes": [["a", "yes"], ["b", "no"]], "on_timeout": "rejected"},
    "chain_and_remind": {"chain": "night", "remind": {"after": 60}},
    "chain_no_name": {"chain": ""},
    "remind_unknown_key": {"remind": {"after": 60, "every": 60}},
    "unknown_key": {"color": "red"},
    "no_place": {"place": "during"},
    "no_lines": {"lines": []},
    "nobody": {"lines": [{"who": [], "need": 1}]},
    "no_count": {"lines": [{"who": ["team:sre"], "need": 0}]},
    "true_is_no_count": {"lines": [{"who": ["team:sre"], "need": True}]},
    "rejections": {"rejections": 0},
    "deadline_zero": {"deadline": 0},
    "deadline_over_29_days": {"deadline": 29 * 24 * 3600 + 1},
    "on_timeout_yes": {"on_timeout": "approved"},
    "silence_approves_too_soon": {"on_timeout": "approve", "deadline": 14 * 60},
    "remind_without_after": {"remind": {"interval": 60}},
    "remind_no_object": {"remind": [60]},
    "remind_max_no_number": {"remind": {"after": 60, "max": "many"}},
    "escalate_to_a_text": {"escalate_to": "team:sre"},
    "title_no_text": {"title": 7},
}


@pytest.mark.parametrize("fault", GATE_FAULTS.values(), ids=GATE_FAULTS)
def test_check_body_refuses_a_gate_that_could_not_be_opened(fault):
    with pytest.raises(RuleRefused, match=r"gates\[0\]"):
        check_body(body(gates=[gate_rule("team:sre", **fault)]))


def test_check_body_refuses_silence_that_approves_without_a_deadline_of_its_own():
    gate = gate_rule("team:sre", on_timeout="approve")
    del gate["deadline"]

    with pytest.raises(RuleRefused, match="15 minutes"):
        check_body(body(gates=[gate]))


BODY_FAULTS = {
    "no_object": [],
    "no_match": {"action": "deny"},
    "no_types": {"match": {"types": []}, "action": "deny"},
    "types_a_text": {"match": {"types": "intent.*"}, "action": "deny"},
    "unknown_action": {"match": {"types": ["intent.*"]}, "action": "allow"},
    "require_without_gates": {"match": {"types": ["intent.*"]}, "action": "require", "gates": []},
    "gates_no_list": {"match": {"types": ["intent.*"]}, "action": "require", "gates": {"place": "after"}},
    "match_unknown_key": {"match": {"types": ["*"], "type": ["*"]}, "action": "deny"},
    "senders_empty": {"match": {"types": ["*"], "senders": []}, "action": "deny"},
    "targets_a_text": {"match": {"types": ["*"], "targets": "*"}, "action": "deny"},
    "when_no_text": {"match": {"types": ["*"], "when": True}, "action": "deny"},
    "when_too_long": {"match": {"types": ["*"], "when": "1" * 2049}, "action": "deny"},
    "continue_no_boolean": {"match": {"types": ["*"]}, "action": "deny", "continue": "yes"},
    "agent_failure_unknown": {"match": {"types": ["*"]}, "action": "deny", "on_agent_failure": "retry"},
    "authors_a_text": {"match": {"types": ["intent.*"]}, "action": "deny", "author_fields": "author"},
}


@pytest.mark.parametrize("fault", BODY_FAULTS.values(), ids=BODY_FAULTS)
def test_check_body_refuses_what_is_no_policy(fault):
    with pytest.raises(RuleRefused):
        check_body(fault)
