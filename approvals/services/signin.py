"""Links that sign their person in once. Only the first start makes them; only loopback may use them."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from approvals.models import Person, SignInLink
from intents import clock
from intents.services.changes import record_change
from intents.services.configuration import FIRST_START
from intents.services.keys import digest_of_secret, new_secret

LINK_PREFIX = "csl_"
LINK_LIFE = timedelta(minutes=15)


def new_link(person: Person) -> str:
    """A fresh token, good once for 15 minutes. Links made before stop working."""
    secret, until = new_secret(LINK_PREFIX), clock.now() + LINK_LIFE
    with transaction.atomic():
        SignInLink.objects.filter(person=person, used_at=None).delete()
        SignInLink.objects.create(person=person, digest=digest_of_secret(secret), expires_at=until)
        details = {"person": str(person), "until": clock.iso(until)}
        for workspace in sorted(person.recorded_in()):
            record_change(workspace, "sign_in_link.created", FIRST_START, details)
    return secret


def use_link(token: str) -> Person | None:
    """The link's person, the first time; None if it is unknown, used or run out. Two at once: one gets in."""
    now = clock.now()
    live = SignInLink.objects.filter(
        digest=digest_of_secret(token), used_at=None, expires_at__gt=now, person__is_active=True
    )
    link = live.select_related("person").first()
    if link is None or not live.filter(pk=link.pk).update(used_at=now):
        return None
    return link.person


def is_live(token: str) -> bool:
    """True while the link could be used. Looking does not use it up, so previews and prefetches do no harm."""
    live = SignInLink.objects.filter(digest=digest_of_secret(token), used_at=None, expires_at__gt=clock.now())
    return live.filter(person__is_active=True).exists()
