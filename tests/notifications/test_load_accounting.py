"""The books of the load test (`tests/bench/channels.py`): they notice what is lost, doubled or late."""

import pytest
from django.db.models import Q

from notifications.models import SLACK, Delivery
from tests.bench.accounting import Due, account_of
from tests.bench.channels import fates, queued
from tests.notifications.slacking import slack_ready

IN_SLACK = Q(channel=SLACK)


@pytest.fixture
def told(world, slack, settings):
    """Ana and Bo have been asked in Slack."""
    slack_ready(world, slack, settings)
    return slack


@pytest.mark.django_db
def test_the_books_are_clean_when_everybody_was_told_once(told):
    account = account_of(queued(IN_SLACK, 0.0), told.taken())

    assert (account.lost, account.doubled, account.unasked, account.late) == ((), (), (), 0)
    assert len(account.waited) == 2
    assert fates(account, 2).startswith("longest 0.")
    assert "lost 0, doubled 0;" in fates(account, 2)


@pytest.mark.django_db
def test_a_message_is_lost_when_slack_took_it_and_dropped_it(told):
    (_, post) = told.messages.popitem()

    account = account_of(queued(IN_SLACK, 0.0), told.taken())

    assert account.lost == (post.metadata["event_payload"]["delivery"],)
    assert "lost 1, doubled 0;" in fates(account, 2)


@pytest.mark.django_db
def test_a_message_is_lost_when_it_was_never_queued(told):
    Delivery.objects.filter(address="T0ACME/UBO").delete()
    ours = {each.name for each in queued(IN_SLACK, 0.0)}

    account = account_of(queued(IN_SLACK, 0.0), [(name, at) for name, at in told.taken() if name in ours])

    assert account.lost == ()
    assert "lost 1, doubled 0;" in fates(account, 2)


@pytest.mark.django_db
def test_a_message_is_doubled_when_slack_has_it_twice(told):
    (post, *_) = told.to("UANA")
    told.keep(post.channel, told.next_ts(), post.request, "")

    account = account_of(queued(IN_SLACK, 0.0), told.taken())

    assert account.doubled == (post.metadata["event_payload"]["delivery"],)


def test_a_message_is_late_by_its_place_in_its_own_line():
    due = [Due("a", "ana", 0.0), Due("b", "ana", 0.0), Due("c", "ana", 0.0), Due("d", "ana", 4.5), Due("e", "bo", 0.0)]

    in_time = account_of(due, [("a", 3.0), ("b", 4.0), ("c", 5.0), ("d", 8.5), ("e", 3.0)])
    late = account_of(due, [("a", 3.0), ("b", 4.0), ("c", 5.1), ("d", 8.6), ("e", 3.1)])

    assert in_time.beyond == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert (in_time.late, late.late) == (0, 3)
    assert in_time.waited == (3.0, 4.0, 5.0, 4.0, 3.0)
