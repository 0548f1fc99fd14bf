"""Slack where it cannot reach us: one process of the embedded mode on a private address, and connections of its own."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from approvals.models import Decision, Gate, Person
from approvals.views.sessions import AT
from intents import clock
from intents.services.lock import locked_intent
from notifications.models import SlackInstallation, SlackLink
from notifications.slack.linking import CODE
from notifications.slack.openbutton import LOOK
from notifications.slack.socketmode import listeners
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_policy, open_gate
from tests.fakes.slack import Posted, Slack
from tests.fakes.slackblocks import all_text
from tests.fakes.slacksocket import SLACK_WAITS
from tests.live import Live, celery, eventually, serving
from tests.notifications.slacking import installed, said_to, slack_ready

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PRIVATE = "http://127.0.0.1:8000"
STALLED_FOR = 4.0


@pytest.fixture
def embedded(db: None, slack: Slack, tmp_path: Any) -> Iterator[Live]:
    """Web, worker and beat in one process, as `make up` starts them."""
    with serving(tmp_path, "--embedded", REDIS_URL="", SLACK_API_URL=slack.url, BASE_URL=PRIVATE) as live:
        yield live


@pytest.fixture
def gate(world: Any, slack: Slack, settings: Any, embedded: Live) -> Gate:
    """A gate whose card stands with Ana; the running server has noticed the app."""
    found: Gate = slack_ready(world, slack, settings, base_url=PRIVATE)
    slack.sockets.wait_for(1)
    return found


def press(slack: Slack, label: str = "Approve", link: int = -1) -> str:
    return slack.sockets.push(slack.click(card(slack), label, "UANA"), link)


def card(slack: Slack) -> Posted:
    return next(post for post in slack.to("UANA") if post.buttons)


def tried(act: Callable[[], str], holds: Callable[[], object]) -> str:
    """Do it until it has come to this: on a busy machine the answer may be "not confirmed yet, press again"."""
    for _ in range(5):
        envelope = act()
        with contextlib.suppress(AssertionError):
            eventually(holds, 4)
            return envelope
    raise AssertionError("it never came true")


def browser(person: Person) -> Client:
    client = signed_in(person)
    session = client.session
    session[AT] = clock.now().timestamp()
    session.save()
    return client


def link_by_code(ana: Client, slack: Slack) -> None:
    """The account page shows a code, it is sent to the bot, and the page asks whether that was her."""
    code = CODE.search(text_of(ana.post("/account/slack/code")))
    assert code
    slack.sockets.ack(slack.sockets.push(slack.said("UANA", code[0])))
    shown = r'name="code" value="(\d+)"'
    eventually(lambda: re.search(shown, text_of(ana.get("/account/slack"))))
    found = re.search(shown, text_of(ana.get("/account/slack")))
    assert found
    ana.post("/account/slack/confirm", {"code": found[1], "mine": "yes"})


def test_an_account_is_linked_and_requests_are_answered_where_slack_cannot_reach_us(world, slack, embedded):
    installed(world.workspace, slack)
    slack.add_user("UANA", "ana@acme.example", "Ana Ruiz")
    slack.sockets.wait_for(1)

    link_by_code(browser(world.ana), slack)
    SlackLink.objects.update(linked_at=clock.now() - timedelta(hours=1))
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    open_gate(world)
    eventually(lambda: any(post.buttons for post in slack.to("UANA")), 20)
    asked = card(slack)
    slack.sockets.ack(tried(lambda: press(slack, "Reject"), lambda: slack.views))
    form = slack.sent(slack.views[-1][1]["view"], "UANA", {"comment": "Not today"})
    answer = slack.sockets.ack(tried(lambda: slack.sockets.push(form), Decision.objects.exists))

    assert "Rejected by Ana Ruiz in Slack" in str(answer.payload)
    assert (Decision.objects.get().outcome, Decision.objects.get().via) == ("rejected", "slack")
    eventually(lambda: not asked.buttons, 20)
    assert SlackInstallation.objects.get().listened_at
    assert embedded.stop() == 0


def test_home_and_commands_work_where_slack_cannot_reach_us(slack, gate):
    note = slack.sockets.ack(slack.sockets.push(slack.typed("UANA", "list"))).payload
    assert "1 waits for you" in all_text(note["blocks"])
    slack.sockets.ack(slack.sockets.push(slack.opened_home("UANA")))
    eventually(lambda: slack.home("UANA"))

    slack.sockets.ack(slack.sockets.push(slack.click_in(slack.home("UANA"), LOOK, "UANA")))
    eventually(lambda: slack.views[-1][0] == "open")
    sheet = slack.views[-1][1]["view"]
    slack.sockets.ack(slack.sockets.push(slack.click_in(sheet, "Approve", "UANA")))

    assert (Decision.objects.get().gate_id, Decision.objects.get().via) == (gate.pk, "slack")
    eventually(lambda: "Nothing waits for you." in all_text(slack.home("UANA")["blocks"]))
    assert "Approved by Ana Ruiz in Slack" in all_text(slack.home("UANA")["blocks"])


def test_press_with_the_database_stalled_is_answered_in_time_and_not_called_recorded(slack, gate):
    held = threading.Event()

    def hold() -> None:
        with locked_intent(gate.intent_id):
            held.set()
            time.sleep(STALLED_FOR)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    ack = slack.sockets.ack(press(slack))
    eventually(lambda: slack.whispers)
    said = said_to(slack, "UANA")
    thread.join()

    assert ack.seconds < SLACK_WAITS
    assert said.startswith("Not confirmed yet")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("is_committed", [False, True], ids=["before the commit", "after it"])
def test_one_vote_when_the_listener_is_killed_before_it_could_acknowledge(slack, gate, embedded, is_committed):
    listeners.start()
    slack.sockets.wait_for(2)
    try:
        if is_committed:
            envelope = tried(lambda: press(slack, link=0), Decision.objects.exists)
            embedded.kill()
        else:
            with locked_intent(gate.intent_id):
                envelope = press(slack, link=0)
                time.sleep(0.3)
                embedded.kill()
        assert is_committed or not slack.sockets.acks[envelope]
        slack.sockets.acks[envelope].clear()  # Slack has not heard it
        eventually(lambda: len(slack.sockets.links) == 1)
        assert Decision.objects.exists() is is_committed

        slack.sockets.ack(slack.sockets.again(envelope))
    finally:
        listeners.stop()

    assert Decision.objects.get().outcome == "approved"


def test_worker_that_tells_people_listens_and_leaves_when_it_is_stopped(world, slack, tmp_path):
    installed(world.workspace, slack)

    with celery(tmp_path, "worker", "-Q", "deliver", REDIS_URL="", SLACK_API_URL=slack.url) as worker:
        slack.sockets.wait_for(1, 30)
        assert worker.stop() == 0

    assert not slack.sockets.links
