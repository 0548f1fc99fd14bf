"""The log of a gate: every message about it, to whom, by which channel, and each attempt with its fate."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.models import Gate, Membership, Person
from approvals.selectors import gate_for
from approvals.views.guard import signed_in
from intents import clock
from notifications.fates import in_words
from notifications.models import Delivery, DeliveryStatus, SlackMessage
from notifications.readers import names_of

MOST = 500
FATES = {
    "sent": "sent",
    "queued": "not now, to be tried again",
    "dead": "given up",
    "superseded": "not needed any more",
    "bounced": "came back",
}


@dataclass(frozen=True)
class Attempt:
    """One try. `fate` is in words; a try without a word is one whose worker died."""

    number: int
    at: datetime | None
    fate: str
    why: str


@dataclass(frozen=True)
class Entry:
    """One message to one person, or to one place, by one channel. `now` says in words how it stands; `copy` what became
    of it since: in Slack, or of the digest that it stands in.
    """

    at: datetime
    name: str
    address: str
    channel: str
    purpose: str
    now: str
    attempts: tuple[Attempt, ...]
    copy: str = ""


@require_safe
@signed_in
def gate_deliveries(request: HttpRequest, person: Person, gate_id: uuid.UUID) -> HttpResponse:
    """For whoever sees the gate. Addresses of others are whole for admins of its workspace alone."""
    gate = gate_for(person, gate_id)
    shown = {"gate": gate, "entries": list(entries_for(gate, person)), "most": MOST, "now": clock.now()}
    return render(request, "gate_deliveries.html", shown)


def entries_for(gate: Gate, person: Person) -> Iterator[Entry]:
    """The messages about this gate in order, as this person may see them."""
    rows = list(Delivery.objects.filter(intent_id=gate.intent_id, gate_id=gate.pk).order_by("created_at", "pk")[:MOST])
    name_of = names_of(rows, "somebody who is gone")
    sees_all = Membership.objects.filter(
        person=person, workspace_id=gate.workspace_id, is_active=True, is_admin=True
    ).exists()
    faults = _faults_of_copies(rows) | _fates_of_digests(rows)
    for row in rows:
        yield Entry(
            at=row.created_at,
            name=name_of(row),
            address=row.address if sees_all or row.person_id in (None, person.pk) else masked(row.address),
            channel=row.channel,
            purpose=str(row.get_purpose_display()),
            now=in_words(row),
            attempts=tuple(_attempts(row)),
            copy=faults.get(row.pk, ""),
        )


def masked(address: str) -> str:
    """`ana@acme.example` as `a…@acme.example`: enough to recognise one's colleague by, and no more."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else f"{name[:2]}…"


def _faults_of_copies(rows: list[Delivery]) -> dict[uuid.UUID, str]:
    """Of those whose message was deleted in Slack, or cannot be written anew just now."""
    found = SlackMessage.objects.filter(delivery__in=[row.pk for row in rows], is_nudge=False).exclude(why="")
    return dict(found.values_list("delivery", "why"))


def _fates_of_digests(rows: list[Delivery]) -> dict[uuid.UUID, str]:
    """Of those that stand in a digest, which is about no one gate: what became of it."""
    held = {row.pk: row.reference for row in rows if row.status == DeliveryStatus.HELD and row.reference}
    digests = {str(digest.pk): in_words(digest) for digest in Delivery.objects.filter(pk__in=set(held.values()))}
    return {pk: f"the digest: {digests[number]}" for pk, number in held.items() if number in digests}


def _attempts(row: Delivery) -> Iterator[Attempt]:
    """What the row says of each, and of those that never came back."""
    told = {entry["number"] for entry in row.tries}
    entries = [(entry["number"], place, entry) for place, entry in enumerate(row.tries)]
    ended = row.attempt if row.status != DeliveryStatus.SENDING else row.attempt - 1
    silent = [(number, -1, None) for number in range(1, ended + 1) if number not in told and row.tries]
    for number, _, entry in sorted([*entries, *silent], key=lambda each: each[:2]):
        if entry is None:
            yield Attempt(number, None, "no word of it: its worker ended", "")
        else:
            at = datetime.fromisoformat(entry["at"])
            yield Attempt(number, at, FATES.get(entry["fate"], entry["fate"]), entry["why"])
