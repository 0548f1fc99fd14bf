"""Receivers that fail: when a message is tried again, when it is given up, and when a receiver is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from intents import clock
from intents.models import WorkspaceEntry
from notifications.models import DeliveryStatus
from notifications.webhooks import push as pushing
from notifications.webhooks.answers import seconds_of
from notifications.webhooks.line import claim_due
from notifications.webhooks.pushers import push_due
from tests.notifications.hooks import hook, news, only, rows

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


def test_pauses_grow_and_the_delivery_is_given_up_within_a_day(world, receiver, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    receiver.always = "500"

    pauses = []
    while only().status == DeliveryStatus.QUEUED:
        push_due()
        pauses.append((only().not_before - clock.now()).total_seconds())
        time_machine.move_to(only().not_before)

    steps = pushing.BACKOFF_SECONDS
    assert all(step <= pause <= 1.2 * step for step, pause in zip(steps, pauses, strict=False))
    row = only()
    assert (row.status, row.why) == (DeliveryStatus.DEAD, "The receiver answered 500.")
    assert timedelta(hours=15) < row.settled_at - row.queued_at < timedelta(hours=31)
    assert len(receiver.got) == row.attempt >= 9


@pytest.mark.parametrize(("answer", "least"), [("429 40", 40), ("500 40", 40), ("503 999999", 3600), ("500 soon", 5)])
def test_retry_after_is_honoured_within_bounds(world, receiver, answer: str, least: int):
    hook(world, receiver, "deploy.*")
    news(world)
    receiver.always = answer

    push_due()

    pause = (only().not_before - clock.now()).total_seconds()
    assert least <= pause <= max(least, 6)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("", 0),
        ("soon", 0),
        ("-3", 0),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", 0),
        ("Mon, 01 Jan 2024 99999999999999999999:00:00 GMT", 0),
        ("Mon, 02 Nov 2026 14:03:00 GMT", 60),
        ("Mon, 02 Nov 2020 14:03:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(text: str, seconds: float):
    assert seconds_of(text, datetime(2026, 11, 2, 14, 2, tzinfo=UTC)) == seconds


def test_a_redirect_is_a_failure_that_names_the_remedy(world, receivers):
    elsewhere = receivers()
    receiver = receivers(f"302 {elsewhere.url}")
    hook(world, receiver, "deploy.*")
    news(world)

    push_due()

    assert elsewhere.connections == 0
    assert only().status == DeliveryStatus.QUEUED
    assert "final address" in only().why


def test_a_private_target_is_dead_with_the_reason_in_words(world, receiver, settings):
    hook(world, receiver, "deploy.*")
    settings.OUTBOUND_ALLOWED_PRIVATE = []
    news(world)

    push_due()

    row = only()
    assert row.status == DeliveryStatus.DEAD
    assert "not a public address" in row.why
    assert receiver.connections == 0


def test_410_ends_the_subscription_and_what_was_queued_and_is_recorded(world, receiver):
    subscription = hook(world, receiver, "deploy.*")
    news(world)
    receiver.always = "410"
    claimed = claim_due(1)
    news(world)

    pushing.push(claimed[0])

    assert [row.status for row in rows()] == [DeliveryStatus.DEAD, DeliveryStatus.DEAD]
    subscription.refresh_from_db()
    assert not subscription.active
    assert "410" in subscription.why
    entry = WorkspaceEntry.objects.latest("pk")
    assert (entry.change, entry.actor) == ("webhook.switched_off", "server")
    assert push_due() == 0
    assert len(receiver.got) == 1


def test_a_receiver_that_fails_for_days_is_switched_off_and_that_is_recorded(world, receiver, time_machine):
    subscription = hook(world, receiver, "deploy.*")
    receiver.always = "500"
    for _ in range(5):
        news(world)
        push_due()
        time_machine.shift(timedelta(hours=20))

    subscription.refresh_from_db()
    assert not subscription.active
    assert "3 days" in subscription.why
    assert WorkspaceEntry.objects.latest("pk").change == "webhook.switched_off"
    assert not any(row.status == DeliveryStatus.QUEUED for row in rows())


def test_one_success_ends_the_count_of_days(world, receiver, time_machine):
    subscription = hook(world, receiver, "deploy.*")
    receiver.script.extend(["500", "500", "204", "500"])
    for _ in range(4):
        news(world)
        push_due(1)
        time_machine.shift(timedelta(hours=30))

    subscription.refresh_from_db()
    assert subscription.active


def test_a_message_that_fails_alone_holds_up_no_other(world, receiver):
    hook(world, receiver, "deploy.*")
    news(world)
    news(world)
    receiver.script.append("500")

    push_due()

    assert sorted(row.status for row in rows()) == [DeliveryStatus.QUEUED, DeliveryStatus.SENT]


@pytest.mark.parametrize("answer", ["429", "502", "503", "504"])
def test_a_receiver_in_trouble_rests_then_gets_one_on_trial_then_all(world, receiver, time_machine, answer: str):
    subscription = hook(world, receiver, "deploy.*")
    for _ in range(3):
        news(world)
    receiver.script.append(answer)
    push_due(1)
    assert push_due() == 0

    subscription.refresh_from_db()
    time_machine.move_to(subscription.blocked_until)
    assert push_due() == 1
    assert push_due() == 2

    assert {row.status for row in rows()} == {DeliveryStatus.SENT}
