"""Several processes that announce from one backlog."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from intents.clock import now
from intents.models import Outbox
from notifications.models import Delivery, WebhookDelivery, WebhookSubscription
from tests.factories import open_gate
from tests.races.troupe import Troupe

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GATES, LIMIT = 28, 12  # fewer than a flood; a few intents at a time, so that they meet often


def test_whoever_announces_with_others_leaves_nothing_and_tells_nobody_twice(world: SimpleNamespace, troupe: Troupe):
    told = {"callback_url": "https://a.example/", "event_types": ["intent.*"]}
    WebhookSubscription.objects.create(workspace=world.workspace, created_at=now(), updated_at=now(), **told)
    gates = [open_gate(world) for _ in range(GATES)]
    people, events = gates[0].seats.count(), Outbox.objects.count()

    said = troupe.at_once(*[("announce", {"limit": LIMIT})] * 4)

    assert not Outbox.objects.exists()
    assert Delivery.objects.count() == GATES * people
    assert WebhookDelivery.objects.count() == events
    assert all(looks > 1 for looks, _ in said)  # nobody did it alone
    assert [failed for _, failed in said] == [0] * 4  # nor tried what another one had
