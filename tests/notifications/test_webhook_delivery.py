"""What is sent: the same bytes under the same id, signed, and to nobody who should not have it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from intents.models import EventText, WorkspaceEntry
from intents.selectors import events_after
from notifications.announce import announce_due
from notifications.claims import LEASE, Overtaken, settle
from notifications.models import DeliveryStatus, WebhookEvent
from notifications.webhooks import push as pushing
from notifications.webhooks.line import claim_due
from notifications.webhooks.pushers import push_due
from tests.factories import send
from tests.guards import unguarded
from tests.notifications.hooks import hook, news, only

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]


def test_an_event_is_sent_signed_once_and_settled(world, receiver):
    hook(world, receiver, "deploy.*")
    event = news(world)

    assert push_due() == 1
    assert push_due() == 0

    (got,) = receiver.got
    assert got.genuine
    assert got.id == str(event.pk)
    assert got.body == {
        "event_id": str(event.pk),
        "event_type": "deploy.finished",
        "source": "tests",
        "actor": "key:sender",
        "at": "2026-11-02T14:02:00.000Z",
        "payload": {"version": 7},
    }
    row = only()
    assert (row.status, row.reference, row.attempt, row.lease_until) == (DeliveryStatus.SENT, "204", 1, None)


def test_the_events_of_an_intent_are_those_of_its_history(world, receiver):
    hook(world, receiver)
    intent = send(world)
    announce_due()

    while push_due():
        pass

    bodies = [got.body for got in receiver.got]
    assert all(got.genuine for got in receiver.got)
    history = events_after(intent.pk, 0)
    assert len(history) > 1
    assert [
        {**event, "event_id": body["event_id"], "source": "countersign"}
        for event, body in zip(history, bodies, strict=True)
    ] == bodies
    assert {body["event_id"] for body in bodies} == {
        str(pk) for pk in WebhookEvent.objects.values_list("pk", flat=True)
    }


def test_axme_signature_is_the_hmac_of_the_body(world, receiver):
    import hashlib
    import hmac

    hook(world, receiver, "deploy.*")
    news(world)

    push_due()

    (got,) = receiver.got
    assert got.headers["x-axme-signature"] == hmac.new(receiver.secret.encode(), got.raw, hashlib.sha256).hexdigest()


def test_a_standard_secret_signs_by_the_bytes_behind_its_prefix(world, receivers):
    receiver = receivers(secret="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    hook(world, receiver, "deploy.*", secret=receiver.secret)
    news(world)

    push_due()

    assert receiver.got[0].genuine


def test_every_try_has_the_same_id_and_bytes_and_a_signature_of_its_own_time(world, receiver, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    receiver.script.extend(["500", "503"])
    for _ in range(3):
        push_due()
        time_machine.move_to(only().not_before)

    first, second, third = receiver.got
    assert first.id == second.id == third.id
    assert first.raw == second.raw == third.raw
    assert all(got.genuine for got in receiver.got)
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == 3
    assert only().status == DeliveryStatus.SENT


def test_a_worker_that_dies_after_the_yes_is_followed_by_the_same_message_again(world, receiver, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    (dead_workers,) = claim_due(1)
    pushing._send(pushing._prepared(dead_workers))
    assert push_due() == 0
    time_machine.shift(LEASE + timedelta(seconds=1))

    push_due()

    first, second = receiver.got
    assert (first.id, first.raw) == (second.id, second.raw)
    assert (only().status, only().attempt) == (DeliveryStatus.SENT, 2)
    with pytest.raises(Overtaken):
        settle(dead_workers, DeliveryStatus.DEAD, why="too late")


def test_who_was_overtaken_changes_nothing_more(world, receiver, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    (slow,) = claim_due(1)
    time_machine.shift(LEASE + timedelta(seconds=1))
    push_due()
    receiver.always = "500"

    pushing.push(slow)

    assert only().status == DeliveryStatus.SENT


def test_purged_words_are_never_sent_as_if_they_had_been_empty(world, receiver):
    hook(world, receiver, "intent.created")
    send(world)
    announce_due()
    with unguarded():
        EventText.objects.all().delete()

    push_due()

    assert (only().status, receiver.got) == (DeliveryStatus.DEAD, [])
    assert "purged" in only().why


def test_a_secret_is_read_with_a_former_key_and_waits_without_it(world, receiver, settings, time_machine):
    hook(world, receiver, "deploy.*")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another key that is as long as it has to be"
    news(world)

    push_due()
    assert (only().status, receiver.got) == (DeliveryStatus.QUEUED, [])
    assert "SECRET_KEY" in only().why
    settings.SECRET_KEY_FALLBACKS = [former]
    time_machine.move_to(only().not_before)
    push_due()

    assert receiver.got[0].genuine


def test_only_a_few_requests_are_under_way_to_one_receiver(world, receiver):
    hook(world, receiver, "deploy.*")
    for _ in range(9):
        news(world)

    assert [len(claim_due(100)) for _ in range(2)] == [4, 0]


def test_nothing_is_kept_in_clear(world, receiver):
    row = hook(world, receiver, "deploy.*")

    assert receiver.secret not in json.dumps({name: str(value) for name, value in vars(row).items()})
    assert WorkspaceEntry.objects.exists()
    assert not any(
        receiver.secret in entry.body or receiver.secret[:8] in entry.body for entry in WorkspaceEntry.objects.all()
    )
