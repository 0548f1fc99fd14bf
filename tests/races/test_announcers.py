"""Several processes that announce from one backlog."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from intents.models import Outbox
from notifications.models import Delivery
from tests.factories import open_gate
from tests.races.troupe import Troupe

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GATES, LIMIT = 28, 12  # fewer than a flood; a few intents at a time, so that they meet often


def test_whoever_announces_with_others_leaves_nothing_and_tells_nobody_twice(world: SimpleNamespace, troupe: Troupe):
    gates = [open_gate(world) for _ in range(GATES)]
    people = gates[0].seats.count()

    looks = troupe.at_once(*[("announce", {"limit": LIMIT})] * 4)

    assert not Outbox.objects.exists()
    assert Delivery.objects.count() == GATES * people
    assert all(count > 1 for count in looks)  # nobody did it alone
