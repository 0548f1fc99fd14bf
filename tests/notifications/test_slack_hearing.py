from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications.models import SlackInstallation
from notifications.slack.socketmode.hearing import hearing
from notifications.slack.socketmode.pauses import LONGEST, PAUSES, Pauses

NOW = datetime(2026, 11, 2, 14, 2, tzinfo=UTC)


def app(**fields) -> SlackInstallation:
    return SlackInstallation(**{"secrets_at": NOW - timedelta(hours=1), "sealed_app_token": "sealed", **fields})


@pytest.mark.parametrize(
    ("row", "public", "words", "is_fine"),
    [
        (
            app(sealed_app_token=""),
            True,
            "Presses come over HTTP: Slack has not called this server since the set-up",
            True,
        ),
        (
            app(sealed_app_token="", heard_at=NOW),
            True,
            "Presses come over HTTP: Slack calls this server (seen at 14:02",
            True,
        ),
        (app(sealed_app_token=""), False, "No press reaches this server", False),
        (app(listened_at=NOW - timedelta(seconds=80)), False, "Socket Mode: connected (seen at 14:00 UTC)", True),
        (app(listened_at=NOW - timedelta(minutes=3)), False, "no worker is connected since 13:59 UTC", False),
        (app(listened_at=NOW - timedelta(minutes=3)), True, "no worker is connected since 13:59 UTC", True),
        (app(), False, "Socket Mode: no worker is connected. Does one run", False),
        (app(secrets_at=NOW - timedelta(seconds=5)), False, "a worker connects within a few seconds", True),
        (app(socket_fault="It is off.", listened_at=NOW), False, "Socket Mode: It is off.", False),
    ],
)
def test_it_is_said_how_presses_reach_us_and_what_to_do_when_they_do_not(row, public, words, is_fine):
    found = hearing(row, NOW, public=public)

    assert words in found.words
    assert found.is_fine is is_fine


def test_pauses_grow_to_a_minute_when_connections_fail_and_are_none_after_a_long_one():
    waits = Pauses()

    assert [waits.after(0) for _ in range(8)] == [*PAUSES[1:], LONGEST, LONGEST]
    assert waits.after(3600) == 0
    assert waits.after(2) == PAUSES[1]
