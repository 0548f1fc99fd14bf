from __future__ import annotations

import pytest

from intents import clock
from intents.errors import Busy
from notifications.slack.inbound import dispatch
from notifications.slack.inbound.response import Response
from notifications.slack.socketmode.hearing import hearing
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


def test_the_set_up_page_says_when_slack_called_which_only_a_good_signature_proves(slack, there, time_machine):
    body = slack.said("UANA", "hello")
    tell_us(slack, body, **slack.signed(body, secret="f" * 32))
    there.refresh_from_db()
    assert there.heard_at is None

    tell_us(slack, body)
    first = clock.now()
    time_machine.shift(3599)
    tell_us(slack, slack.said("UANA", "hello"))

    there.refresh_from_db()
    assert there.heard_at == first
    there.sealed_app_token = ""
    assert hearing(there, first, public=True).words.endswith("(seen at 14:02 UTC).")


def test_a_slash_command_that_nobody_handles_is_taken_and_forgotten(slack, there):
    answer = tell_us(slack, slack.typed("UANA", "", "/other"), "/slack/commands")

    assert (answer.status_code, answer.content) == (200, b"")


def test_an_event_is_not_taken_when_it_could_not_be_written_in_time(slack, there, monkeypatch):
    def busy(incoming, event):
        raise Busy

    monkeypatch.setitem(dispatch._events, "message", busy)

    assert tell_us(slack, slack.said("UANA", "a code"), "/slack/events").status_code == 503
