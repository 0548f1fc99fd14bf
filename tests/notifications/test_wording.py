from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from notifications.wording import because, moment, names, short_digest, spoken, verb

NOW = datetime(2026, 11, 2, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + timedelta(hours=1), "15:02 UTC"),
        (NOW + timedelta(hours=12), "3 Nov 02:02 UTC"),
        (NOW + timedelta(days=90), "31 Jan 2027 14:02 UTC"),
        (datetime(2026, 11, 2, 16, 2, tzinfo=timezone(timedelta(hours=1))), "15:02 UTC"),
    ],
)
def test_moment_names_the_day_when_it_is_not_today(at, words):
    assert moment(at, NOW) == words


def test_names_are_cut_when_there_are_many():
    assert names(["Ana", "Bo"]) == "Ana, Bo"
    assert names([f"p{number}" for number in range(11)]).endswith("p9 and 1 other")
    assert names([f"p{number}" for number in range(13)]).endswith("p9 and 3 others")


def test_verb_fits_the_task_type():
    assert verb("approval") == "Approve?"
    assert verb("manual_action") == "Please do:"
    assert verb("of_tomorrow") == "Decide?"


def test_digest_is_short_but_comparable():
    assert short_digest("sha256:" + "ab" * 32) == "sha256:abababababababab…"


def test_outcome_is_spoken_in_words():
    assert spoken("changes_requested") == "Changes requested"


@pytest.mark.parametrize(
    ("source", "by_request", "words"),
    [
        ("request", True, "the request asks for it; no policy does"),
        ("request+default", False, "no policy covers this, so the default approvers are asked"),
        ("scenario+policy:infra-changes@3", False, "policy infra-changes, version 3"),
        ("policy:a@1+policy:b@2", False, "policy a, version 1 and policy b, version 2"),
    ],
)
def test_because_says_whose_wish_the_gate_is(source, by_request, words):
    assert because(source, by_request=by_request) == words
