"""One gate of the policy's words and the request's: stricter than both, and never an easier yes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import DEFAULT_DEADLINE, LONGEST_GATE
from approvals.terms import chain_of, completed, from_request, from_rule, line, merge, places_in
from intents.submission import Times
from tests.factories import gate_rule

HOUR = 3600


def asked(who: str = "team:sre", **times: Any) -> dict[str, Any]:
    return from_request([line([who], 1)], Times(**times), [])[0]


def policy(who: str = "team:sre", **rule: Any) -> dict[str, Any]:
    return from_rule(gate_rule(who, **rule))


def reminders(terms: dict[str, Any]) -> tuple[int, int, int]:
    """Of the first step: after, every, most."""
    remind = chain_of(terms).steps[0].remind
    return (remind.after, remind.every, remind.most)


def escalation(terms: dict[str, Any]) -> list[tuple[int | None, tuple[str, ...]]]:
    """When and to whom, after the first step."""
    return [(step.after, step.who) for step in chain_of(terms).steps[1:]]


def test_from_request_expires_on_silence_whatever_it_says():
    terms, warnings = from_request([line(["team:sre"], 1)], Times(deadline=60), [])

    assert terms["on_timeout"] == "expire"
    assert terms["asked_by_request"] is True
    assert warnings == []


def test_from_request_warns_when_it_raises_the_interval_and_lowers_the_count():
    terms, warnings = from_request([], Times(remind_after=5, remind_interval=5, max_reminders=21), [])

    assert reminders(terms) == (5, 60, 20)
    assert len(warnings) == 2


def test_from_request_warns_when_an_escalation_would_never_come():
    terms, warnings = from_request([], Times(escalate_to="team:leads"), [])

    assert escalation(terms) == [(None, ("team:leads",))]
    assert ["remind_after_seconds" in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("times", "interval", "most"),
    [
        ({"remind_after": 300}, 300, 1),
        ({"remind_after": 300, "remind_interval": 60}, 60, 3),
        ({"remind_after": 300, "max_reminders": 4}, 300, 4),
    ],
)
def test_from_request_reminds_once_unless_it_names_an_interval_or_a_count(times, interval, most):
    terms = asked(**times)

    assert reminders(terms) == (300, interval, most)


def test_from_request_cannot_keep_a_gate_longer_than_29_days():
    assert asked(deadline=LONGEST_GATE + 1)["deadline"] == LONGEST_GATE


def test_from_rule_keeps_reminders_a_minute_apart():
    assert reminders(policy(remind={"after": 10})) == (10, 60, 3)


def test_from_rule_escalates_one_interval_after_the_last_reminder():
    terms = policy(remind={"after": 300, "interval": 120, "max": 2}, escalate_to=["team:leads"])

    assert escalation(terms) == [(300 + 2 * 120, ("team:leads",))]


def test_a_request_compiles_into_the_same_chain_as_the_policys_short_form():
    wanted = asked(remind_after=300, remind_interval=120, max_reminders=2, escalate_to="team:leads")
    written = policy(remind={"after": 300, "interval": 120, "max": 2}, escalate_to=["team:leads"])

    assert wanted["chain"] == written["chain"]


def test_from_rule_takes_over_the_saved_chain_that_it_names():
    saved = {"night": (3, {"steps": [{"remind": {"after": 600}}, {"after": 7200, "who": ["team:leads"]}]})}

    terms = from_rule(gate_rule("team:sre", chain="night"), saved)

    assert terms["chain"]["name"] == "night@3"
    assert (reminders(terms), escalation(terms)) == ((600, 600, 3), [(7200, ("team:leads",))])


def test_terms_of_before_there_were_chains_still_have_theirs():
    old = {"remind_after": 300, "remind_interval": 120, "max_reminders": 2, "escalate_to": ["team:leads"]}

    assert (reminders(old), escalation(old)) == ((300, 120, 2), [(540, ("team:leads",))])


def test_merge_takes_the_lines_of_both_and_the_larger_count_of_equal_ones():
    merged = merge(asked("team:leads"), policy("team:sre", need=2))
    again = merge(policy("team:sre", need=1), policy("team:sre", need=2))

    assert merged["requirement"] == [line(["team:sre"], 2), line(["team:leads"], 1)]
    assert again["requirement"] == [line(["team:sre"], 2)]


def test_merge_takes_the_earlier_deadline_and_the_stricter_rules():
    merged = merge(asked(deadline=60), policy(rejections=2, comment_required=True))

    assert (merged["deadline"], merged["rejections"], merged["comment_required"]) == (60, 1, True)


def test_merge_posts_to_the_places_of_both_and_a_chain_to_its_own():
    chain = {"steps": [{"post": ["slack:#first"]}, {"after": 60, "post": ["slack:#later", "slack:#ops"]}]}
    merged = merge(policy(post=["slack:#ops"]), policy(post=["slack:#deploys", "slack:#ops"], chain=chain))

    assert places_in(merged, 0) == ["slack:#ops", "slack:#deploys", "slack:#first"]
    assert places_in(merged) == ["slack:#ops", "slack:#deploys", "slack:#first", "slack:#later"]
    assert places_in(merge(asked(), policy(post=["slack:#ops"]))) == ["slack:#ops"]


def test_merge_takes_over_a_plan_of_before_there_were_posts():
    old = policy()
    del old["post"]

    assert places_in(old) == []
    assert places_in(merge(old, policy(post=["slack:#ops"]))) == ["slack:#ops"]


def test_merge_leaves_the_policys_deadline_when_the_request_names_none():
    assert merge(asked(), policy(deadline=48 * HOUR))["deadline"] == 48 * HOUR


def test_completed_gives_a_gate_without_any_deadline_a_day():
    assert completed(asked())["deadline"] == DEFAULT_DEADLINE


def test_merge_takes_silence_and_reminders_from_the_policy():
    merged = merge(
        asked(remind_after=60), policy(on_timeout="cancel", remind={"after": 300, "max": 2}, escalate_to=["team:sre"])
    )

    assert merged["on_timeout"] == "cancel"
    assert reminders(merged) == (300, 300, 2)
    assert escalation(merged) == [(900, ("team:sre",))]
    assert merged["asked_by_request"] is False


def test_merge_lets_the_request_remind_where_the_policy_is_silent():
    merged = merge(asked(remind_after=90, max_reminders=2, escalate_to="team:sre"), policy())

    assert reminders(merged) == (90, 90, 2)
    assert escalation(merged) == [(270, ("team:sre",))]


def test_merge_lets_the_request_escalate_after_the_policys_last_reminder():
    merged = merge(asked(escalate_to="team:sre"), policy(remind={"after": 300, "max": 2}))

    assert reminders(merged) == (300, 300, 2)
    assert escalation(merged) == [(900, ("team:sre",))]


def test_merge_keeps_the_longer_warning_before_the_end():
    merged = merge(policy(warn_before=60), policy("team:leads", warn_before=600))

    assert (merged["warn_before"], merge(asked(), policy())["warn_before"]) == (600, None)


def test_merge_expires_when_the_request_shortens_a_gate_that_silence_would_approve():
    patient = policy(on_timeout="approve", deadline=HOUR)

    assert merge(asked(deadline=60), patient)["on_timeout"] == "expire"
    assert merge(asked(), patient)["on_timeout"] == "approve"


@pytest.mark.parametrize("order", [0, 1])
def test_merge_of_two_policies_approves_by_silence_only_if_both_say_so(order):
    pair = [policy(on_timeout="expire", deadline=HOUR), policy("team:leads", on_timeout="approve", deadline=HOUR)]

    assert merge(pair[order], pair[1 - order])["on_timeout"] == "expire"


def test_merge_of_two_policies_gives_silence_the_time_that_both_ask_for():
    short, long = (policy(on_timeout="approve", deadline=hours * HOUR) for hours in (1, 2))

    assert merge(short, long)["on_timeout"] == "expire"
    assert merge(long, short)["on_timeout"] == "expire"


bodies = st.builds(
    lambda who, need, deadline, on_timeout, rejections: policy(
        who, need=need, deadline=deadline, on_timeout=on_timeout, rejections=rejections
    ),
    st.sampled_from(["team:a", "team:b"]),
    st.integers(1, 3),
    st.integers(900, 9000),
    st.sampled_from(["expire", "approve", "cancel", "rejected"]),
    st.integers(1, 3),
)


@given(
    st.builds(asked, st.sampled_from(["team:a", "team:b"]), deadline=st.none() | st.integers(1, 9000)) | bodies, bodies
)
def test_merge_is_at_least_as_strict_as_the_policy(first, second):
    merged = merge(first, second)

    for wanted in second["requirement"]:
        assert any(each["who"] == wanted["who"] and each["need"] >= wanted["need"] for each in merged["requirement"])
    assert merged["deadline"] <= second["deadline"]
    assert merged["rejections"] <= second["rejections"]
    assert merged["on_timeout"] != "approve" or (
        second["on_timeout"] == "approve" and merged["deadline"] == second["deadline"]
    )
