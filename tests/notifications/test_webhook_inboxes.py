"""What enters an inbox is told to who watches it: where to look, and nothing of what was said."""

from __future__ import annotations

import json

import pytest

from intents.models import ThreadEntry
from notifications.models import InboxWatch, WebhookEvent
from notifications.webhooks.inboxes import queue_inboxes
from notifications.webhooks.pushers import push_due
from tests.intents.inboxes import PLANNER, act, answered, asked, with_agents
from tests.notifications.hooks import hook

pytestmark = pytest.mark.django_db


def deliver() -> None:
    queue_inboxes()
    while push_due():
        pass


def told(receiver) -> list[tuple[str, str]]:
    return [(got.body["event_type"], got.body["payload"]["kind"]) for got in receiver.got]


def test_a_thread_is_told_of_from_its_beginning_to_its_end(world, receiver):
    with_agents(world)
    hook(world, receiver, "inbox.*")

    intent = answered(world)
    deliver()

    assert told(receiver) == [("inbox.thread_created", "waiting"), ("inbox.thread_updated", "ended")]
    body = receiver.got[0].body
    assert receiver.got[0].genuine
    assert body["source"] == "countersign"
    assert (body["payload"]["thread_id"], body["payload"]["owner_agent"]) == (str(intent.pk), PLANNER)
    entry = ThreadEntry.objects.get(pk=body["payload"]["entry_id"])
    assert entry.position == body["payload"]["position"] == 1


def test_a_reply_has_a_name_of_its_own_and_its_words_stay_in_the_inbox(world, receiver):
    with_agents(world)
    hook(world, receiver, "inbox.reply_received")
    intent = asked(world)

    act(world.planner, intent, "reply", {"message": "a secret between us"})
    deliver()

    assert told(receiver) == [("inbox.reply_received", "reply")]
    assert b"secret between us" not in receiver.got[0].raw


def test_an_agent_is_told_of_its_own_inbox_only(world, receivers):
    with_agents(world)
    planner, helper = receivers(), receivers()
    agents = {agent.name: agent for agent in world.workspace.agents.all()}
    hook(world, planner, "inbox.*", owner=agents["planner"])
    hook(world, helper, "inbox.*", owner=agents["helper"])
    intent = asked(world)
    deliver()
    assert (len(planner.got), len(helper.got)) == (1, 0)

    act(world.planner, intent, "delegate", {"delegate_to": "helper"})
    deliver()

    assert told(planner)[1:] == [("inbox.thread_updated", "delegated")]
    assert told(helper) == [("inbox.thread_created", "received")]


def test_what_entered_before_anybody_watched_is_not_told(world, receiver):
    with_agents(world)
    asked(world)
    assert queue_inboxes() > 0
    hook(world, receiver, "inbox.*")

    deliver()

    assert receiver.got == []
    assert not WebhookEvent.objects.exists()


def test_each_entry_is_queued_once_however_often_somebody_looks(world, receiver):
    with_agents(world)
    hook(world, receiver, "inbox.*")
    answered(world)

    assert queue_inboxes(1) == 1
    assert queue_inboxes(1) == 1
    assert queue_inboxes() == 0

    assert WebhookEvent.objects.count() == ThreadEntry.objects.count() == 2
    assert InboxWatch.objects.get().cursor == ThreadEntry.objects.latest("cursor").cursor


def test_a_notice_holds_nothing_of_the_payload_or_the_answer(world, receiver):
    with_agents(world)
    hook(world, receiver, "inbox.*")
    answered(world, payload={"target": "a very private place"})

    deliver()

    said = json.dumps([got.body for got in receiver.got])
    assert "a very private place" not in said
    assert "fine by me" not in said
