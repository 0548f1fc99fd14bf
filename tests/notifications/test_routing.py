"""On which channels somebody is told, and when on each."""

from __future__ import annotations

import pytest

from notifications.routing import in_turn

SLACK_FIRST = [{"slack": 0}, {"email": 600}]


@pytest.mark.parametrize(
    ("wanted", "usable", "expected"),
    [
        ([], ["email", "slack"], [("email", 0), ("slack", 0)]),
        (SLACK_FIRST, ["email", "slack"], [("slack", 0), ("email", 600)]),
        (SLACK_FIRST, ["email"], [("email", 0)]),
        ([*SLACK_FIRST, {"pager": 900}], ["email", "pager"], [("email", 0), ("pager", 300)]),
        ([{"email": 300}], ["email", "slack"], [("email", 300)]),
        ([{"pager": 0}], ["email", "slack"], [("email", 0), ("slack", 0)]),
        (SLACK_FIRST, [], []),
    ],
)
def test_channels_take_their_turns_and_the_next_one_the_place_of_what_cannot_be_used(wanted, usable, expected):
    assert in_turn(wanted, usable) == expected
