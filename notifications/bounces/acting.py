"""What follows from a bounce. Each report acts once: its mail stands as sent before, and not after it."""

from __future__ import annotations

import logging
from datetime import timedelta

from approvals.services.told import unmark_told
from intents import clock, nudges
from intents.services.durable import durable
from notifications.bounces.reading import Bounce, Report
from notifications.bounces.stopping import stop
from notifications.claims import MOST_ATTEMPTS, pause_after, tried
from notifications.fallback import give_up
from notifications.models import ASKS, EMAIL, Delivery, DeliveryStatus
from notifications.slack.mailstops import tell_of_stop

BOUNCED = "bounced"
log = logging.getLogger(__name__)


def act_on(bounce: Bounce) -> bool:
    """Take the report in: stop the address, or send again, and tell the gate. False for mail that is none of ours."""
    sent = Delivery.objects.filter(channel=EMAIL, reference=bounce.reference, status=DeliveryStatus.SENT)
    delivery = sent.select_related("intent").first()
    if delivery is None:
        return False
    if bounce.report == Report.SOFT and delivery.attempt < MOST_ATTEMPTS:
        _send_again(delivery, bounce)
    else:
        _give_up(delivery, bounce)
    log.info("mail came back", extra={"delivery": str(delivery.pk), "report": bounce.report.value})
    return True


def _send_again(delivery: Delivery, bounce: Bounce) -> None:
    """It did not arrive, so nobody was told by it."""
    until = clock.now() + timedelta(seconds=pause_after(delivery.attempt))
    with durable():
        if not _settle(delivery, bounce, DeliveryStatus.QUEUED, not_before=until, settled_at=None):
            return
        person_id = delivery.person_id
        if person_id and delivery.gate_id and delivery.purpose in ASKS and not _told_otherwise(delivery):
            unmark_told(delivery.gate_id, person_id)


def _give_up(delivery: Delivery, bounce: Bounce) -> None:
    """The gate's notification moves on now: to the person's next channel, or to others. They may still decide."""
    with durable():
        give_up(delivery, bounce.why, clock.now())
        if _settle(delivery, bounce, DeliveryStatus.DEAD) and bounce.report != Report.SOFT:
            stop(delivery.channel, delivery.address, bounce.why)
            tell_of_stop(delivery.address)
        nudges.after_commit(nudges.DELIVER)


def _settle(delivery: Delivery, bounce: Bounce, status: DeliveryStatus, **fields: object) -> bool:
    """False if another report of the same mail was first."""
    tries = [*delivery.tries, tried(delivery, BOUNCED, bounce.why)]
    rows = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.SENT, reference=bounce.reference)
    return bool(rows.update(status=status, why=bounce.why, tries=tries, **fields))


def _told_otherwise(delivery: Delivery) -> bool:
    rows = Delivery.objects.filter(intent_id=delivery.intent_id, gate_id=delivery.gate_id, status=DeliveryStatus.SENT)
    return rows.filter(person_id=delivery.person_id, purpose__in=ASKS).exclude(pk=delivery.pk).exists()
