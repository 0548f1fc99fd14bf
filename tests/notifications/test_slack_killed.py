"""Worker processes that speak to Slack: one that is killed between Slack's yes and its own note; several at once."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from approvals.models import Decision
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from notifications.announce import announce_due
from notifications.claims import LEASE
from notifications.models import Delivery, DeliveryStatus, SlackMessage
from notifications.slack.senders import slack_due
from tests.factories import gate_rule, make_policy, open_gate
from tests.live import LONGEST, environment, eventually
from tests.notifications.slacking import add_channel, installed, linked

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WORKER = "import django; django.setup(); from notifications.slack.senders import slack_due; slack_due()"
EAGER = """
import time
import django; django.setup()
from notifications.models import Delivery
from notifications.slack.senders import slack_due
while Delivery.objects.filter(channel="slack", status__in=("queued", "sending")).exists():
    slack_due()
    time.sleep(0.05)
"""


def worker(slack, code: str) -> subprocess.Popen[bytes]:
    own = environment(EMAIL_URL="", SLACK_API_URL=slack.url, BASE_URL="http://127.0.0.1:8000")
    return subprocess.Popen([sys.executable, "-c", code], env=own)


def waited_for(slack, messages: int) -> None:
    eventually(lambda: len(slack.messages) >= messages)
    assert len(slack.messages) == messages


def to_a_person(world, slack) -> None:
    linked(world.ana, slack)
    make_policy(world.workspace, gates=[gate_rule("person:ana@acme.example")])


def to_a_channel(world, slack) -> None:
    add_channel(world.workspace, slack)
    make_policy(world.workspace, gates=[gate_rule("person:ana@acme.example", post=["slack:#deploys"])])


@pytest.mark.parametrize("tells", [to_a_person, to_a_channel])
def test_at_most_one_extra_card_and_all_copies_true_when_a_worker_is_killed_between_slacks_yes_and_settling(
    world, slack, time_machine, tells
):
    installed(world.workspace, slack)
    tells(world, slack)
    gate = open_gate(world)
    announce_due()
    slack.fail("chat.postMessage", "stall")
    killed = worker(slack, WORKER)
    waited_for(slack, 1)
    killed.kill()
    killed.wait()
    killed_at = clock.now()
    assert not SlackMessage.objects.exists()
    assert Delivery.objects.get(channel="slack").status == DeliveryStatus.SENDING

    time_machine.move_to(clock.now() + LEASE + timedelta(seconds=1))
    slack_due()
    decide(gate.pk, Answer("approved", "fine"), world.ana, via="web", strength="signed_in")
    announce_due()
    time_machine.move_to(clock.now() + timedelta(seconds=4))
    slack_due()

    row = Delivery.objects.get(channel="slack")
    assert (row.status, row.attempt) == (DeliveryStatus.SENT, 2)
    assert len(slack.messages) == 1
    assert all("Approved by Ana Ruiz" in post.words for post in slack.messages.values())
    assert clock.now() - killed_at < timedelta(seconds=60)
    assert Decision.objects.count() == 1


@pytest.mark.race
def test_each_message_is_posted_once_when_three_workers_are_at_it(world, slack):
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack)
    for _ in range(3):
        open_gate(world)
    announce_due()
    workers = [worker(slack, EAGER) for _ in range(3)]

    codes = [each.wait(LONGEST) for each in workers]

    assert codes == [0, 0, 0]
    assert set(Delivery.objects.filter(channel="slack").values_list("status", flat=True)) == {DeliveryStatus.SENT}
    assert (len(slack.to("UANA")), len(slack.to("UBO"))) == (3, 3)
    assert SlackMessage.objects.count() == 6
