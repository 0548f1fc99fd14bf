from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from notifications.announce import announce_due
from notifications.fates import in_words
from notifications.models import ChannelAccount, Delivery, DeliveryStatus
from tests.factories import open_gate

AT = datetime(2026, 11, 2, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            Delivery(status="queued", attempt=2, not_before=AT, why="451 later"),
            "Waits for attempt 3 until 02 Nov 14:02:00 UTC: 451 later",
        ),
        (Delivery(status="sending", attempt=2), "Attempt 2 is running"),
        (Delivery(status="sent", settled_at=AT), "Sent on 02 Nov at 14:02:00 UTC"),
        (Delivery(status="dead", settled_at=AT, why="550 no"), "Given up on 02 Nov at 14:02:00 UTC: 550 no"),
        (
            Delivery(status="superseded", settled_at=AT, why="The gate is settled."),
            "Not needed on 02 Nov at 14:02:00 UTC: The gate is settled.",
        ),
    ],
)
def test_fate_is_told_in_words(row, words):
    assert in_words(row) == words


@pytest.mark.django_db
def test_deliveries_can_be_looked_at_and_not_changed(world):
    world.ana.is_staff = world.ana.is_superuser = True
    world.ana.save()
    open_gate(world)
    announce_due()
    ChannelAccount.objects.create(channel="email", why="down")
    client = Client()
    client.force_login(world.ana, backend="django.contrib.auth.backends.ModelBackend")
    row = Delivery.objects.all()[0]

    assert "Waits for attempt 1" in client.get("/admin/notifications/delivery/?status__exact=queued").content.decode()
    assert client.get(f"/admin/notifications/delivery/{row.pk}/change/").status_code == 200
    assert client.get("/admin/notifications/channelaccount/").status_code == 200
    assert client.get("/admin/notifications/delivery/add/").status_code == 403
    assert client.post(f"/admin/notifications/delivery/{row.pk}/change/", {"status": "dead"}).status_code == 403
    assert client.post(f"/admin/notifications/delivery/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Delivery.objects.get(pk=row.pk).status == DeliveryStatus.QUEUED
