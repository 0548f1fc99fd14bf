"""Who is told of which intent: a subscription sees no more than its owner's keys do."""

from __future__ import annotations

import pytest

from intents import clock
from intents.models import Agent
from intents.principal import Principal
from notifications.announce import announce_due
from notifications.models import WebhookDelivery, WebhookEvent
from notifications.webhooks.pushers import push_due
from tests.acts import ending, neighbours, say
from tests.factories import make_agent, make_key, open_gate, send
from tests.notifications.hooks import hook, news

pytestmark = pytest.mark.django_db


def told(subscription) -> set[str]:
    return set(WebhookDelivery.objects.filter(subscription=subscription).values_list("event__event_type", flat=True))


def test_an_agent_is_told_of_its_own_work_only(world, receiver):
    other = make_agent(world.workspace, "other")
    mine = hook(world, "https://one.example/", owner=world.agent)
    theirs = hook(world, "https://two.example/", owner=other)
    send(world)

    announce_due()

    assert "intent.created" in told(mine)
    assert told(theirs) == set()


def test_an_agent_is_told_of_what_its_own_key_sent(world):
    asker = make_agent(world.workspace, "asker")
    key, _ = make_key(world.workspace, "asker", ("send", "work"), agent=asker)
    mine = hook(world, "https://one.example/", owner=asker)
    send(world, principal=Principal(world.workspace.pk, key=key))

    announce_due()

    assert "intent.created" in told(mine)


def test_the_workspace_is_told_of_everything_and_another_one_of_nothing(world):
    elsewhere = neighbours()
    whole = hook(world, "https://one.example/")
    stranger = hook(elsewhere, "https://two.example/", "*")
    send(world)

    announce_due()

    assert "intent.created" in told(whole)
    assert told(stranger) == set()


def test_an_agent_that_is_switched_off_is_told_of_nothing(world, receiver):
    row = hook(world, receiver, owner=world.agent)
    send(world)
    announce_due()
    Agent.objects.update(is_active=False)
    send(world)
    announce_due()
    assert push_due() == 0
    queued = WebhookDelivery.objects.filter(subscription=row).count()

    Agent.objects.update(is_active=True)
    while push_due():
        pass

    assert len(receiver.got) == queued


@pytest.mark.parametrize(
    ("wanted", "gets"),
    [("intent.created", {"intent.created"}), ("inbox.*", set()), ("inten*", None), ("intent.creat", set())],
)
def test_a_subscription_is_told_of_the_types_that_it_named(world, wanted: str, gets: set[str] | None):
    row = hook(world, "https://one.example/", wanted)
    send(world)

    announce_due()

    assert told(row) == gets if gets is not None else "intent.created" in told(row)


def test_nothing_is_written_when_nobody_wants_it(world):
    send(world)

    announce_due()

    assert not WebhookEvent.objects.exists()


def test_the_last_event_carries_what_wait_for_returns(world, receiver):
    hook(world, receiver, "intent.*")
    gate = open_gate(world)
    say(gate, world.ana, comment="index is concurrent")
    announce_due()
    while push_due():
        pass

    last = receiver.got[-1].body

    assert last["status"] == "COMPLETED"
    assert last["details"] == ending(gate.intent)
    assert last["details"]["decided_by"] == ["ana@acme.example"]


def test_a_killed_agent_is_told_nothing_until_it_is_resumed(world, receiver):
    hook(world, receiver, "deploy.*", owner=world.agent)
    Agent.objects.filter(pk=world.agent.pk).update(killed_at=clock.now())
    news(world, owner=world.agent)

    push_due()
    told = len(receiver.got)
    Agent.objects.filter(pk=world.agent.pk).update(killed_at=None)
    push_due()

    assert (told, len(receiver.got)) == (0, 1)
