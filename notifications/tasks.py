"""The ticks that tell people. They carry nothing: what is to be told stands in the rows."""

from __future__ import annotations

from celery import shared_task

from intents.ticks import Tick
from notifications import announce as announcing
from notifications import deliver as delivering
from notifications.slack import senders
from notifications.slack.senders import Senders, Workers
from notifications.webhooks import inboxes
from notifications.webhooks.pushers import Pushers

_announce = Tick(announcing.announce_due, announcing.BATCH, at_once=2)
_deliver = Tick(delivering.deliver_due, delivering.BATCH, at_once=2)
_slack: list[Senders | Workers] = [Senders(), *(Workers(work, slots) for work, slots in senders.DUTIES)]
_inboxes = Tick(inboxes.queue_inboxes, inboxes.BATCH)
_pushers = Pushers()


@shared_task(name="announce", ignore_result=True)
def announce() -> None:
    """Turn events into deliveries."""
    _announce()


@shared_task(name="deliver", ignore_result=True)
def deliver() -> None:
    """Send what is due; let threads of this process speak to Slack, and wait for none of them."""
    for threads in _slack:
        threads.start()
    _deliver()


@shared_task(name="push", ignore_result=True)
def push() -> None:
    """See what entered inboxes; let threads of this process send webhooks. It waits for none of them."""
    _inboxes()
    _pushers.start()
