"""A receiver that is down for an hour, and the example of the documentation. See docs/webhooks.md."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from intents import clock
from intents.selectors import events_after
from intents.services.durable import durable
from notifications.announce import announce_due
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookEvent
from notifications.webhooks.publishing import replay
from notifications.webhooks.pushers import push_due
from tests.acts import say
from tests.factories import open_gate
from tests.notifications.conftest import SECRET
from tests.notifications.hooks import hook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


def next_try() -> Any:
    """When the first in line may be tried again, the receiver's rest included."""
    row = WebhookDelivery.objects.exclude(status=DeliveryStatus.SENT).earliest("position")
    return max(row.not_before, row.subscription.blocked_until or row.not_before)


def test_webhook_receiver_down_for_an_hour_is_retried_with_backoff_same_event_id_signed_in_order_replay_possible(
    world, receiver, time_machine
):
    hook(world, receiver)
    gate = open_gate(world)
    say(gate, world.ana)
    announce_due()
    down_at = clock.now()
    receiver.always = "503"

    tries = []
    while clock.now() < down_at + timedelta(hours=1):
        tries += [clock.now()] * push_due()
        time_machine.move_to(next_try())
    receiver.always = "204"
    before = len(receiver.got)
    while push_due():
        pass

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert 4 <= len(tries) <= 30
    assert len({got.id for got in receiver.got[:before]}) == 1
    assert len({got.raw for got in receiver.got[:before]}) == 1
    assert all(got.genuine for got in receiver.got)
    told = [got.body for got in receiver.got[before:]]
    assert [body["seq"] for body in told] == list(range(1, len(events_after(gate.intent_id, 0)) + 1))
    assert told[-1]["details"]["approved"] is True
    assert not WebhookDelivery.objects.exclude(status=DeliveryStatus.SENT).exists()

    last = receiver.got[-1]
    with durable():
        replay(WebhookEvent.objects.get(pk=last.id))
    push_due()

    again = receiver.got[-1]
    assert (again.id, again.raw, again.genuine) == (last.id, last.raw, True)


@pytest.mark.parametrize("secret", [SECRET, "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="])
def test_the_example_of_the_documentation_takes_ours_and_nothing_else(world, receivers, secret: str):
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(compile(found[1], str(DOCUMENT), "exec"), names)
    receiver = receivers(secret=secret)
    hook(world, receiver, secret=secret)
    open_gate(world)
    announce_due()
    push_due()
    got = receiver.got[0]
    headers = dict(got.headers)

    assert names["event_of"](secret, got.raw, headers) == got.body
    assert names["event_of"](secret, got.raw + b" ", headers) is None
    assert names["event_of"](secret, got.raw, headers | {"webhook-id": "another"}) is None
    assert names["event_of"]("another secret, as long", got.raw, headers) is None
