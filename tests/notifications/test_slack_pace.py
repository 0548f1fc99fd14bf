"""Who may send next in Slack, and that nobody waits longer than for their turn."""

import re
import ssl
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from intents import clock
from intents.prepared import read_once
from intents.services.durable import durable
from notifications.announce import announce_due
from notifications.channels.base import Sent
from notifications.deliver import begin, see_through, try_once
from notifications.models import ChannelAccount, Delivery, DeliveryStatus, SlackLane, SlackLink
from notifications.settling import conclude_all
from notifications.slack import crew, lanes
from notifications.slack.channel import SlackChannel
from notifications.slack.client import client_with
from notifications.slack.lanes import claim_some, next_turn
from notifications.slack.senders import Senders
from tests.factories import open_gate
from tests.live import eventually
from tests.notifications.slacking import installed, linked


@pytest.fixture
def queued(world, slack, settings):
    """Three messages to Ana and three to Bo, none of them sent."""
    settings.BASE_URL = "https://countersign.acme.example"
    installed(world.workspace, slack)
    linked(world.ana, slack)
    linked(world.bo, slack)
    for _ in range(3):
        open_gate(world)
    announce_due()


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_the_first_of_each_conversation_is_taken_at_once_and_the_next_a_second_later(time_machine):
    first = claim_some(10)

    assert [delivery.address for delivery in first] == ["T0ACME/UANA", "T0ACME/UBO"]
    assert {(delivery.status, delivery.attempt) for delivery in first} == {(DeliveryStatus.SENDING, 1)}
    assert claim_some(10) == []
    assert next_turn(clock.now()) == clock.now() + timedelta(seconds=1)
    time_machine.shift(1)
    assert len(claim_some(1)) == len(claim_some(1)) == 1
    assert claim_some(1) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_one_alone_is_taken_on_trial_after_trouble(time_machine):
    ChannelAccount.objects.create(channel="slack:T0ACME", failures=1, blocked_until=clock.now())

    assert len(claim_some(10)) == 1
    assert claim_some(10) == []
    assert next_turn(clock.now()) is None
    assert SlackLane.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_nobodys_turn_is_awaited_when_nothing_waits():
    Delivery.objects.filter(channel="slack").update(status=DeliveryStatus.SENT)
    SlackLane.objects.create(address="T0ACME/UANA", free_at=clock.now() + timedelta(seconds=1))

    assert claim_some(10) == []
    assert next_turn(clock.now()) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("queued")
def test_each_conversation_is_taken_once_when_several_claim_at_the_same_moment():
    claimed, together = [], threading.Barrier(4)

    def claim() -> None:
        together.wait()
        claimed.extend(claim_some(10))
        connections.close_all()

    several = [threading.Thread(target=claim) for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()

    assert sorted(delivery.address for delivery in claimed) == ["T0ACME/UANA", "T0ACME/UBO"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("queued")
def test_a_line_is_served_at_its_pace_when_no_tick_comes(slack, monkeypatch):
    monkeypatch.setattr(lanes, "PACE", timedelta(seconds=0.1))
    monkeypatch.setattr(crew, "IDLE_SECONDS", 0.1)
    slack.limits = False

    Senders(rest=connections.close_all).start()

    eventually(lambda: len(slack.messages) == 6, 10)
    moments = [post.at for post in slack.to("UANA")]
    assert moments[-1] - moments[0] < 1
    eventually(lambda: not any(thread.name == "slack" for thread in threading.enumerate()), 10)
    assert not Delivery.objects.filter(channel="slack").exclude(status=DeliveryStatus.SENT).exists()


def test_the_trusted_authorities_are_read_once_for_all_calls_of_slack(settings):
    settings.SLACK_API_URL = "https://slack.com/api/"

    first, second = client_with("xoxb-1"), client_with("xoxb-2", 2)

    assert first.ssl is second.ssl
    assert first.ssl.verify_mode == ssl.CERT_REQUIRED
    assert first.ssl.check_hostname
    assert (first.timeout, second.timeout, first.base_url, first.retry_handlers) == (5, 2, settings.SLACK_API_URL, [])


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_pause_that_slack_asked_for_outlasts_a_message_that_nobody_needed_any_more():
    claim_some(10)
    until = clock.now() + timedelta(seconds=30)
    lanes.hold("T0ACME/UANA", until)

    lanes.leave("T0ACME/UANA")
    lanes.leave("T0ACME/UBO")

    free_at = dict(SlackLane.objects.values_list("address", "free_at"))
    assert free_at == {"T0ACME/UANA": until, "T0ACME/UBO": clock.now()}


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_a_message_that_was_long_on_its_way_to_slack_is_followed_a_second_after_it_got_there(time_machine):
    (delivery,) = (each for each in claim_some(10) if each.address == "T0ACME/UANA")
    time_machine.shift(0.4)
    posted_at = clock.now()

    see_through(delivery, SlackChannel(), clock.now(), set())

    assert SlackLane.objects.get(address="T0ACME/UANA").free_at == posted_at + timedelta(seconds=1)


@pytest.mark.django_db
def test_a_pause_that_slack_asked_for_outlasts_a_message_that_was_posted_before():
    now = clock.now()
    lanes.enter("T0ACME/UANA", now)
    lanes.hold("T0ACME/UANA", now + timedelta(seconds=30))

    lanes.count_from("T0ACME/UANA", now)

    assert SlackLane.objects.get().free_at == now + timedelta(seconds=30)


@pytest.mark.django_db
@pytest.mark.usefixtures("afternoon", "queued")
def test_messages_that_go_together_are_made_and_settled_in_few_statements():
    """Both share a gate, its seats and an app; each has a reader, and what is seldom there. Four settle one."""
    for link in SlackLink.objects.all():
        SlackLink.objects.filter(pk=link.pk).update(dm_channel=f"D{link.user_id[1:]}")
    claimed = claim_some(10)

    with CaptureQueriesContext(connection) as made, read_once():
        begun = [begin(delivery, SlackChannel(), clock.now()) for delivery in claimed]
    tried = [try_once(*each, clock.now()) for each in zip(claimed, begun, strict=True)]
    with CaptureQueriesContext(connection) as settled:
        conclude_all(tried, SlackChannel())

    assert [type(each.fate) for each in tried] == [Sent, Sent]
    assert len(made) <= 7, [query["sql"] for query in made.captured_queries]
    around = re.compile("SAVEPOINT|set_config|PRAGMA")
    statements = [query["sql"] for query in settled.captured_queries if not around.search(query["sql"])]
    assert len(statements) == 9, statements  # one asks about the account


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("queued")
def test_whom_a_lock_keeps_from_being_settled_holds_up_the_others_for_a_moment_only():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks no single rows")
    held, other = claim_some(10)
    tried = [try_once(each, begin(each, SlackChannel(), clock.now()), clock.now()) for each in (held, other)]
    is_held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with durable():
            Delivery.objects.select_for_update().get(pk=held.pk)
            is_held.set()
            done.wait(10)
        connections.close_all()

    def conclude() -> None:
        conclude_all(tried, SlackChannel())
        connections.close_all()

    several = [threading.Thread(target=each) for each in (hold, conclude)]
    several[0].start()
    is_held.wait(5)
    several[1].start()
    eventually(lambda: Delivery.objects.get(pk=other.pk).status == DeliveryStatus.SENT, 4)
    done.set()
    for each in several:
        each.join()
    assert Delivery.objects.get(pk=held.pk).status == DeliveryStatus.SENDING  # until its lease ends
