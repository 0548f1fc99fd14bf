"""What this app keeps about closed intents, and what a purge takes from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from intents.models import Intent
from notifications.channels.email import thread_of
from notifications.claims import OPEN
from notifications.models import Delivery, KeptMail, SlackCode, SlackNote, SlackPress
from notifications.slack.homes import mark_homes
from notifications.slack.kept import forget_words, untrue

MAIL_KEPT_FOR = timedelta(days=30)
CODES_KEPT_FOR = timedelta(days=1)
PRESSES_KEPT_FOR = timedelta(hours=1)
NOTES_KEPT_FOR = timedelta(days=1)


class NotificationsKeeper:
    """Deliveries, and the mail that the embedded mode keeps instead of sending it."""

    def unsettled(self, intent_ids: Collection[UUID]) -> set[UUID]:
        """Somebody is still to be told, or a message in Slack to be rewritten."""
        rows = Delivery.objects.filter(intent__in=intent_ids, status__in=OPEN)
        return set(rows.values_list("intent_id", flat=True)) | untrue(intent_ids)

    def purge(self, intent: Intent, words: str) -> None:
        """Who was told when stays; kept mails go, and messages in Slack are written anew without the words."""
        gates = Delivery.objects.filter(intent=intent, gate_id__isnull=False).values_list("gate_id", flat=True)
        threads = [thread_of(intent.pk, None), *(thread_of(intent.pk, gate_id) for gate_id in gates.distinct())]
        KeptMail.objects.filter(headers__References__in=threads).delete()
        forget_words(intent.pk)
        mark_homes(intent)

    def tidy(self, now: datetime, most: int) -> int:
        """Kept mail older than 30 days; codes for linking Slack accounts that have run out; old presses and notes."""
        old = KeptMail.objects.filter(at__lt=now - MAIL_KEPT_FOR).values("pk")[:most]
        over = SlackCode.objects.filter(expires_at__lt=now - CODES_KEPT_FOR).values("pk")[:most]
        pressed = SlackPress.objects.filter(at__lt=now - PRESSES_KEPT_FOR).values("pk")[:most]
        noted = SlackNote.objects.filter(at__lt=now - NOTES_KEPT_FOR).values("pk")[:most]
        mails = KeptMail.objects.filter(pk__in=old).delete()[0]
        codes = SlackCode.objects.filter(pk__in=over).delete()[0]
        notes = SlackNote.objects.filter(pk__in=noted).delete()[0]
        return mails + codes + notes + SlackPress.objects.filter(pk__in=pressed).delete()[0]
