"""What a list of policies says about one intent, and which bodies are policies at all."""

import pytest

from approvals.rules import Rule, RuleRefused, check_body, rule_on
from tests.factories import gate_rule

ALL = ("intent.infra.*",)


def rule(name: str, action: str, types: tuple[str, ...] = ALL, **body: object) -> Rule:
    return Rule(name, 1, {"match": {"types": list(types)}, "action": action, "gates": [], **body})


def body(**fields: object) -> dict[str, object]:
    return {"match": {"types": list(ALL)}, "action": "require", "gates": [gate_rule("team:sre")], **fields}


def test_rule_on_finds_nothing_when_no_pattern_fits():
    ruling = rule_on([rule("a", "require", ("intent.other.*",))], "intent.infra.x.v1")

    assert not ruling.found
    assert [reason["matched"] for reason in ruling.reasons] == [False]


def test_rule_on_lets_the_first_match_decide():
    ruling = rule_on([rule("a", "approve"), rule("b", "require")], "intent.infra.x.v1")

    assert ruling.passed_by is not None
    assert ruling.passed_by.name == "a"
    assert ruling.required == ()


def test_rule_on_goes_on_when_the_match_says_continue():
    ruling = rule_on(
        [rule("a", "require", **{"continue": True}), rule("b", "require"), rule("c", "require")], "intent.infra.x.v1"
    )

    assert [each.name for each in ruling.required] == ["a", "b"]


@pytest.mark.parametrize("first", ["approve", "require"])
def test_rule_on_denies_when_any_match_denies(first):
    ruling = rule_on([rule("a", first), rule("b", "deny")], "intent.infra.x.v1")

    assert ruling.denied_by is not None
    assert ruling.denied_by.name == "b"


def test_rule_on_requires_when_an_approve_that_continues_meets_a_requirement():
    ruling = rule_on([rule("a", "approve", **{"continue": True}), rule("b", "require")], "intent.infra.x.v1")

    assert ruling.passed_by is None
    assert [each.name for each in ruling.required] == ["b"]


def test_rule_on_matches_an_exact_type_only_exactly():
    exact = rule("a", "deny", ("intent.infra.x.v1",))

    assert rule_on([exact], "intent.infra.x.v1").denied_by
    assert not rule_on([exact], "intent.infra.x.v10").denied_by


def test_check_body_takes_a_whole_policy():
    check_body(
        body(author_fields=["author"], gates=[gate_rule("team:sre", remind={"after": 60, "interval": 60, "max": 3})])
    )


GATE_FAULTS = {
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
    "authors_a_text": {"match": {"types": ["intent.*"]}, "action": "deny", "author_fields": "author"},
}


@pytest.mark.parametrize("fault", BODY_FAULTS.values(), ids=BODY_FAULTS)
def test_check_body_refuses_what_is_no_policy(fault):
    with pytest.raises(RuleRefused):
        check_body(fault)
