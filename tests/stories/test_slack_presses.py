"""Presses in Slack at a real server process: answered in time, and what is slow happens after the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from django.db import connection

from approvals.models import Decision, Gate
from intents.models import Event
from intents.services.lock import locked_intent
from notifications.models import SlackMessage
from tests.fakes.slack import Slack
from tests.live import Live, eventually, serving
from tests.notifications.slacking import PUBLIC, said_to, slack_ready

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SLACK_WAITS = 3.0
STALLED_FOR = 5.0
TRUE_WITHIN = 60.0


@pytest.fixture
def gate(world: Any, slack: Slack, settings: Any) -> Gate:
    """A gate whose card was posted by this process."""
    found: Gate = slack_ready(world, slack, settings)
    return found


def embedded(slack: Slack, folder: Any) -> AbstractContextManager[Live]:
    """A server that does by itself what is due."""
    return serving(folder, "--embedded", REDIS_URL="", SLACK_API_URL=slack.url, BASE_URL=PUBLIC)


@pytest.fixture
def live(gate: Gate, slack: Slack, tmp_path: Any) -> Iterator[Live]:
    """A server."""
    with embedded(slack, tmp_path) as running:
        yield running


def press(live: Live, slack: Slack, label: str, body: bytes = b"") -> float:
    """How long Slack waited for its 200."""
    body = body or slack.click(slack.to("UANA")[0], label, "UANA")
    headers = {"Content-Type": "application/x-www-form-urlencoded", **slack.signed(body)}
    began = time.monotonic()
    answer = httpx.post(f"{live.url}/slack/interactions", content=body, headers=headers, timeout=20)
    assert answer.status_code == 200
    return time.monotonic() - began


def says_outcome(slack: Slack) -> bool:
    """True if every copy says how it ended."""
    return all("Approved by Ana Ruiz" in slack.to(user)[0].words for user in ("UANA", "UBO"))


def told(slack: Slack, count: int) -> str:
    eventually(lambda: len(slack.whispers) >= count)
    return said_to(slack, "UANA")


def test_click_on_a_message_sent_before_a_restart_or_deploy_still_works(world, slack, settings, tmp_path):
    slack_ready(world, slack, settings, told=False)
    with embedded(slack, tmp_path) as before:
        eventually(lambda: SlackMessage.objects.count() == 2, TRUE_WITHIN)
        before.kill()

    with embedded(slack, tmp_path) as after:
        assert press(after, slack, "Approve") < SLACK_WAITS

        assert told(slack, 1).startswith("Approved by Ana Ruiz in Slack")
        assert Decision.objects.get().via == "slack"
        eventually(lambda: says_outcome(slack), TRUE_WITHIN)


def test_slacks_retry_while_the_first_is_under_way_does_not_vote_twice(live, slack, gate):
    body = slack.click(slack.to("UANA")[0], "Approve", "UANA")
    threads = [threading.Thread(target=press, args=(live, slack, "", body)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    eventually(lambda: len(slack.whispers) == len(threads))
    said = sorted(note["text"] for note in slack.whispers)
    assert [words.split(" by ")[0] for words in said if not words.startswith("This press was handled before")] == [
        "Approved"
    ]
    assert Decision.objects.count() == 1
    assert Event.objects.filter(intent=gate.intent_id, event_type="intent.decision_recorded").count() == 1


def test_word_typed_under_a_card_is_answered_with_buttons_that_decide_and_slack_waits_for_no_note(live, slack):
    card = slack.to("UANA")[0]
    on_card = slack.click(card, "Approve", "UANA")
    body = slack.said("UANA", "approve", thread_ts=card.ts)
    headers = {"Content-Type": "application/json", **slack.signed(body)}
    assert httpx.post(f"{live.url}/slack/events", content=body, headers=headers, timeout=20).status_code == 200
    eventually(lambda: SlackMessage.objects.filter(is_nudge=True).exists())
    assert not Decision.objects.exists()

    press(live, slack, "", slack.click(slack.to("UANA")[1], "Approve", "UANA"))

    assert told(slack, 1).startswith("Approved by Ana Ruiz in Slack")
    assert Decision.objects.get().strength == "linked"
    slack.fail("chat.postEphemeral", "hang")
    assert press(live, slack, "", on_card) < 1.0


def test_click_with_the_database_stalled_for_5_s_is_not_called_recorded_and_the_card_is_true_within_60_s(
    live, slack, gate
):
    held = threading.Event()

    def hold() -> None:
        with locked_intent(gate.intent_id):
            held.set()
            time.sleep(STALLED_FOR)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    waited = press(live, slack, "Approve")
    said = told(slack, 1)
    thread.join()

    assert waited < SLACK_WAITS
    assert said.startswith("Not confirmed yet")
    assert not Decision.objects.exists()
    assert not says_outcome(slack)
    press(live, slack, "Approve")
    assert told(slack, 2).startswith("Approved by Ana Ruiz in Slack")
    eventually(lambda: says_outcome(slack), TRUE_WITHIN)
    assert slack.to("UANA")[0].buttons == []
