"""Presses in Slack at a real server process: answered in time, and what is slow happens after the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import connection

from approvals.models import Decision, Gate
from intents.services.lock import locked_intent
from tests.fakes.slack import Slack
from tests.live import Live, eventually, serving
from tests.notifications.slacking import PUBLIC, said_to, slack_ready

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SLACK_WAITS = 3.0
STALLED_FOR = 5.0


@pytest.fixture
def slack(settings: Any) -> Iterator[Slack]:
    """A Slack that this process and the server's speak to."""
    with Slack(limits=False).running() as running:
        settings.SLACK_API_URL = running.url
        yield running


@pytest.fixture
def gate(world: Any, slack: Slack, settings: Any) -> Gate:
    """A gate whose card was posted by this process."""
    found: Gate = slack_ready(world, slack, settings)
    return found


@pytest.fixture
def restarted(gate: Gate, slack: Slack, tmp_path: Any) -> Iterator[Live]:
    """A server that began after the card was posted."""
    with serving(tmp_path, REDIS_URL="", SLACK_API_URL=slack.url, BASE_URL=PUBLIC) as live:
        yield live


def press(live: Live, slack: Slack, label: str) -> float:
    """How long Slack waited for its 200."""
    body = slack.click(slack.to("UANA")[0], label, "UANA")
    headers = {"Content-Type": "application/x-www-form-urlencoded", **slack.signed(body)}
    began = time.monotonic()
    answer = httpx.post(f"{live.url}/slack/interactions", content=body, headers=headers, timeout=20)
    assert answer.status_code == 200
    return time.monotonic() - began


def told(slack: Slack, count: int) -> str:
    eventually(lambda: len(slack.whispers) >= count)
    return said_to(slack, "UANA")


def test_click_on_a_message_sent_before_a_restart_still_works(restarted, slack):
    assert press(restarted, slack, "Approve") < SLACK_WAITS

    assert told(slack, 1).startswith("Approved by Ana Ruiz in Slack")
    assert Decision.objects.get().via == "slack"


def test_slack_is_answered_before_a_form_that_it_is_slow_to_open(restarted, slack):
    press(restarted, slack, "Approve")
    slack.fail("chat.postEphemeral", "hang")

    assert press(restarted, slack, "Approve") < 1.0


def test_click_with_the_database_stalled_for_5_s_is_not_called_recorded(restarted, slack, gate):
    held = threading.Event()

    def hold() -> None:
        with locked_intent(gate.intent_id):
            held.set()
            time.sleep(STALLED_FOR)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    waited = press(restarted, slack, "Approve")
    said = told(slack, 1)
    thread.join()

    assert waited < SLACK_WAITS
    assert said.startswith("Not confirmed yet")
    assert not Decision.objects.exists()
    press(restarted, slack, "Approve")
    assert told(slack, 2).startswith("Approved by Ana Ruiz in Slack")
