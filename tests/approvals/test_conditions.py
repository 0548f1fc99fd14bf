"""Conditions: what CEL says, with which variables, refused where, and never longer than they may take."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.conditions.language import ConditionRefused, condition
from tests.factories import facts

PAYLOAD = {"env": "prod", "n": 3, "f": 1.5, "tags": ["a", "b"], "nothing": None, "items": [{"size": 1}, {"size": 9}]}

HOLD = [
    "payload.env == 'prod' && payload.n > 2",
    "payload.n == 3.0 && payload.f > 1",
    "'a' in payload.tags",
    "payload.items.exists(each, each.size > 5)",
    "has(payload.env) && !has(payload.region)",
    "payload.nothing == null",
    "payload.env.matches('^pr') && size(payload.tags) == 2",
    "type.startsWith('intent.infra.') && sender == 'sender' && requester == ''",
    "agent == 'agent://acme/production/infra-validator' && scenario == ''",
    "created_at.getHours('Europe/Berlin') == 10 && created_at.getDayOfWeek() == 1",
    "payload.missing == 1 || payload.env == 'prod'",
    "type(payload.n) == int && '😀'.size() == 1",
    "prior.work.ok",
]


@pytest.mark.parametrize("source", HOLD)
def test_condition_holds_as_cel_has_it(source):
    weighed = condition(source).weigh(facts(payload=PAYLOAD, prior={"work": {"ok": True}}))

    assert (weighed.holds, weighed.error) == (True, "")


ERRORS = {
    "payload.missing == 1": "missing",
    "payload.n > 'a'": "overload",
    "payload.n / 0 == 1": "zero",
    "payload.tags[7] == 'a'": "index",
    "payload.env": "str, not true or false",
    "prior.nothing.ok": "nothing",
}


@pytest.mark.parametrize(("source", "why"), ERRORS.items(), ids=ERRORS)
def test_condition_says_why_when_it_cannot_be_told(source, why):
    weighed = condition(source).weigh(facts(payload=PAYLOAD))

    assert not weighed.holds
    assert why in weighed.error


REFUSED = {
    "payload.env = 'prod'": "line 1, column 13",
    "payload.env == 'prod' &&\n  urgent": "line 2, column 3: undeclared reference to 'urgent'; known are type, sender,",
    "1 > 'a'": "line 1, column 3",
    "type": "gives string, not true or false",
    "payload.env.matches(payload.pattern)": "written out",
    "payload.env.matches('(')": "RE2 syntax",
    "payload.a.all(x, payload.b.exists(y, x == y))": "at most one list",
    "now() == created_at": "undeclared reference to 'now'",
    "1 + " * 200 + "1 == 201": "recursion",
    f"type == '{'x' * 2048}'": "at most 2048 bytes",
}


@pytest.mark.parametrize(("source", "why"), REFUSED.items(), ids=range(len(REFUSED)))
def test_condition_is_refused_with_the_place_of_the_fault(source, why):
    with pytest.raises(ConditionRefused) as refused:
        condition(source)

    assert why in str(refused.value)


def test_condition_counts_no_macro_in_a_text_or_a_comment():
    source = "payload.tags.exists(t, t == 'x.all(y, true)') // .map(z, z)"

    assert not condition(source).weigh(facts(payload=PAYLOAD)).holds


LONG = {"l": list(range(1000)), "items": [{"a": at, "b": "x" * 20} for at in range(1000)], "s": "a" * 25}
WIDE = {"l": list(range(300)), "s": "a" * 200_000}
SLOW = [
    "payload.l.filter(x, x > 3).size() > 3",
    "payload.l.map(x, payload.l).size() > 3",
    "(payload.l + payload.l + payload.l).map(x, x).size() > 3",
    "payload.l.all(x, payload.s + payload.s != '')",
    "payload.l.all(x, payload.s.size() > 3)",
    "payload.l.all(x, payload == payload)",
    "payload.l.all(x, x in payload.l)",
    "payload.l.exists(x, payload.s.matches('(a|b)*c'))",
    "payload.s.matches('(a?){50}a{50}b')",
    "payload.l.all(x, " + " && ".join(["x >= 0"] * 200) + ")",
    "payload.l.map(x, [x, payload]) == payload.l",
    "bytes(payload.s).size() + string(payload.l.size()).size() > 1 && payload.l == payload.l",
]


@pytest.mark.parametrize("source", SLOW, ids=range(len(SLOW)))
@pytest.mark.parametrize("payload", [LONG, WIDE], ids=["long", "wide"])
def test_condition_takes_at_most_fifty_milliseconds_or_is_an_error(source, payload):
    asked, known = condition(source), facts(payload=payload)

    least = min(_seconds(asked, known) for _ in range(3))

    assert least < 0.05


def test_conditions_of_one_intent_take_two_hundred_milliseconds_together_or_are_an_error():
    asked = condition("payload.l.all(x, " + " && ".join(["x >= 0"] * 60) + ")")
    known, others = facts(payload={"l": list(range(1000))}), facts(payload={"l": list(range(1000))})

    weighed = [asked.weigh(known) for _ in range(12)]

    assert weighed[0].holds
    assert "so many conditions" in weighed[-1].error
    assert asked.weigh(others).holds


def test_condition_goes_through_a_thousand_entries_and_not_through_more():
    asked = condition("payload.l.all(x, x >= 0)")

    assert asked.weigh(facts(payload={"l": list(range(1000))})).holds
    assert "1001 entries" in asked.weigh(facts(payload={"l": list(range(1001))})).error


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
ATOMS = [
    "payload.a == 1",
    "payload.a.b > 2",
    "payload.l.exists(x, x == 'y')",
    "payload['a'] in [1, 'z']",
    "size(payload.a) > 1",
]


@given(st.dictionaries(st.sampled_from("abl"), JSON), st.sampled_from(ATOMS))
@settings(max_examples=100, deadline=None)
def test_condition_never_raises_whatever_the_payload(payload: dict[str, Any], source: str):
    weighed = condition(source).weigh(facts(payload=payload))

    assert not (weighed.holds and weighed.error)


def _seconds(asked: Any, known: Any) -> float:
    begin = time.thread_time()
    asked.weigh(known)
    return time.thread_time() - begin
