from __future__ import annotations

import pytest

from intents.errors import Busy
from notifications.slack.inbound import dispatch
from notifications.slack.inbound.response import Response
from tests.notifications.slacking import installed, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack):
    return installed(world.workspace, slack)


def test_a_slash_command_is_answered_by_whoever_is_registered_for_it_when_it_is_signed(slack, there, monkeypatch):
    heard = []

    def answer(incoming, data):
        return Response({"text": data["text"]}, lambda: heard.append(data["user_id"]))

    monkeypatch.setitem(dispatch._commands, "/countersign", answer)
    body = slack.typed("UANA", "list")

    said = tell_us(slack, body, "/slack/commands")

    assert (said.status_code, said.json(), heard) == (200, {"text": "list"}, ["UANA"])
    assert tell_us(slack, body, "/slack/commands", **slack.signed(body, secret="f" * 32)).status_code == 401
    assert heard == ["UANA"]


def test_a_slash_command_that_nobody_handles_is_taken_and_forgotten(slack, there):
    answer = tell_us(slack, slack.typed("UANA", "", "/other"), "/slack/commands")

    assert (answer.status_code, answer.content) == (200, b"")


def test_an_event_is_not_taken_when_it_could_not_be_written_in_time(slack, there, monkeypatch):
    def busy(incoming, event):
        raise Busy

    monkeypatch.setitem(dispatch._events, "message", busy)

    assert tell_us(slack, slack.said("UANA", "a code"), "/slack/events").status_code == 503
