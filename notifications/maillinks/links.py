"""Making links for mails, and what one is still good for. Looking at a link writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import F
from django.urls import reverse

from approvals.models import Gate, Person
from approvals.selectors import gate_for
from approvals.views.standing import standing_of
from intents.errors import NotFound
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.maillinks.token import DECIDE, MailLink, fingerprint, sign
from notifications.models import LinkGeneration

LIFE = timedelta(days=7)
"""From the sending of its mail; a reminder brings a new one."""


@dataclass(frozen=True)
class Good:
    """What a link is good for. `kind` as a standing's, or why it is good for nothing: revoked, gone, stale, expired."""

    kind: str
    why: str = ""
    person: Person | None = None
    gate: Gate | None = None


def decide_url(person: Person, gate: Gate, now: datetime) -> str:
    """The address that takes this person to this gate as it is now, and lets them answer there."""
    link = MailLink(
        purpose=DECIDE,
        person=person.pk.hex,
        address=fingerprint(person.email),
        gate=gate.pk.hex,
        digest=gate.digest,
        generation=generation_of(person),
        until=int((now + LIFE).timestamp()),
    )
    query = urlencode({"link": sign(link)}, safe=":")
    return f"{settings.BASE_URL}{reverse('mail_link')}?{query}"


GENERATION = Prepared(lambda person: LinkGeneration.objects.filter(person=person))


def generation_of(person: Person) -> int:
    """Links of any other generation are void."""
    found = GENERATION.first(person=person.pk)
    return found.number if found else 0


def revoke_links(person: Person) -> None:
    """All links that this person has in mails are void from now on."""
    with durable():
        LinkGeneration.objects.get_or_create(person=person)
        LinkGeneration.objects.filter(person=person).update(number=F("number") + 1)


def good_for(link: MailLink, now: datetime) -> Good:
    """What this link lets its owner do at this moment."""
    person = Person.objects.filter(pk=link.person_id, is_active=True).first()
    if person is None:
        return Good("revoked")
    try:
        gate = gate_for(person, link.gate_id)
    except NotFound:
        return Good("gone" if not Gate.objects.filter(pk=link.gate_id).exists() else "revoked")
    if fingerprint(person.email) != link.address or generation_of(person) != link.generation:
        return Good("revoked", gate=gate)
    if link.purpose != DECIDE or link.until <= now.timestamp():
        return Good("expired", person=person, gate=gate)
    standing = standing_of(gate, person, now)
    if standing.kind == "form" and gate.digest != link.digest:
        return Good("stale", person=person, gate=gate)
    return Good(standing.kind, standing.why, person, gate)
