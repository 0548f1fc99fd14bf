"""The inbox as rows: a handful of queries however many gates there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import Max

from approvals.directory import label
from approvals.models import Decision, Gate, Membership, Person, Seat
from approvals.outcomes import OutcomeClass
from approvals.requirement import Line, tally
from approvals.selectors import AGREED_BEFORE, excluded_from, gates_for
from approvals.views.receiptline import ReceiptLine, receipt_line
from approvals.views.subject import sender_of, title_is_the_programs
from approvals.views.words import outcome_words
from intents.ids import parse_id
from intents.models import Workspace
from intents.receiptreads import newest_receipts

MOST_OPEN = 100
MOST_CLOSED = 20
FOUR_EYES = "You are bound up with this request or changed its rules lately, so somebody else decides."


@dataclass(frozen=True)
class InboxRow:
    """One gate in the list. `why_not` is empty when it waits for the person who looks."""

    gate: Gate
    sender: str
    requester: str
    progress: tuple[str, ...]
    why_not: str
    by_program: bool
    asked_by_request: bool
    receipt: ReceiptLine | None


@dataclass(frozen=True)
class Inbox:
    """Waiting for me; others that are open; decided lately. `more` counts open ones beyond the limit."""

    waiting: tuple[InboxRow, ...]
    others: tuple[InboxRow, ...]
    closed: tuple[InboxRow, ...]
    more: int


def inbox_version(person: Person, now: datetime) -> str:
    """Changes with every event of the listed gates, and each minute, since the rows tell the time that is left."""
    opened = list(gates_for(person).values_list("pk", "intent__last_seq", "expires_at"))
    used = Max("intent__receipts__redemption__at")
    closed = list(gates_for(person, state="closed").values_list("pk", "closed_at", used)[:MOST_CLOSED])
    rights = list(person.memberships.order_by("pk").values_list("workspace_id", "is_active", "can_decide"))
    marks = (opened, closed, rights, now.replace(second=0, microsecond=0))
    return sha256(repr(marks).encode()).hexdigest()[:16]


def inbox_of(person: Person, now: datetime, within: Collection[Workspace] | None = None) -> Inbox:
    """All three lists, soonest to expire first; of all the person's workspaces, or of these."""
    opened, over = gates_for(person), gates_for(person, state="closed")
    if within is not None:
        opened, over = opened.filter(workspace__in=within), over.filter(workspace__in=within)
    gates = list(opened.select_related("intent__sender__service_account")[: MOST_OPEN + 1])
    more = max(0, opened.count() - MOST_OPEN) if len(gates) > MOST_OPEN else 0
    closed = list(over.select_related("intent__sender__service_account")[:MOST_CLOSED])
    rows = _Rows([*gates[:MOST_OPEN], *closed], person, now)
    still = [rows.row(gate) for gate in gates[:MOST_OPEN]]
    return Inbox(
        waiting=tuple(row for row in still if not row.why_not),
        others=tuple(row for row in still if row.why_not),
        closed=tuple(rows.row(gate) for gate in closed),
        more=more,
    )


class _Rows:
    """What the rows need, read at once for all gates."""

    def __init__(self, gates: list[Gate], person: Person, now: datetime) -> None:
        self._person, self._now = person, now
        self._seats: dict[Any, list[Seat]] = _by_gate(Seat.objects.filter(gate__in=gates))
        live = Decision.objects.filter(gate__in=gates, taken_back_at=None)
        self._votes: dict[Any, list[Decision]] = _by_gate(live)
        allowed = Membership.objects.filter(is_active=True, can_decide=True, person__is_active=True)
        workspaces = {gate.workspace_id for gate in gates}
        self._allowed = set(allowed.filter(workspace__in=workspaces).values_list("workspace_id", "person_id"))
        found = (parse_id(gate.intent.requester) for gate in gates if gate.intent.requester)
        ids = {person_id for person_id in found if person_id is not None}
        self._receipts = newest_receipts([gate.intent_id for gate in gates if not gate.is_open])
        self._names = dict(Person.objects.filter(pk__in=ids).values_list("pk", "name"))

    def row(self, gate: Gate) -> InboxRow:
        requester = parse_id(gate.intent.requester) if gate.intent.requester else None
        return InboxRow(
            gate=gate,
            sender=sender_of(gate.intent),
            requester=self._names.get(requester, "") if requester else "",
            progress=self._progress(gate),
            why_not=self._why_not(gate),
            by_program=title_is_the_programs(gate),
            asked_by_request=bool(gate.terms.body["asked_by_request"]),
            receipt=receipt_line(self._receipts.get(gate.intent_id), gate.intent.status, self._now),
        )

    def _why_not(self, gate: Gate) -> str:
        own = next((vote for vote in self._votes.get(gate.pk, ()) if vote.person_id == self._person.pk), None)
        if own is not None:
            return f"You answered: {outcome_words(own.outcome).lower()}."
        if self._person.ref in gate.intent.excluded:
            return FOUR_EYES
        if self._person.ref in gate.left_out:
            return AGREED_BEFORE
        if (gate.workspace_id, self._person.pk) not in self._allowed:
            return "You do not have the right to decide here."
        return "The time for this has just run out." if self._now >= gate.expires_at else ""

    def _progress(self, gate: Gate) -> tuple[str, ...]:
        lines: dict[int, set[str]] = defaultdict(set)
        for seat in self._seats.get(gate.pk, ()):
            ref = str(seat.person_id)
            if (gate.workspace_id, seat.person_id) in self._allowed and ref not in excluded_from(gate):
                lines[seat.line].add(ref)
        votes = {str(row.person_id): OutcomeClass(row.outcome_class) for row in self._votes.get(gate.pk, ())}
        requirement = gate.terms.body["requirement"]
        wanted = [Line(tuple(e["who"]), e["need"], frozenset(lines[n])) for n, e in enumerate(requirement)]
        counted = tally(wanted, gate.terms.body["rejections"], votes)
        return tuple(f"{each.have} of {each.line.need} from {label(each.line.who)}" for each in counted.lines)


def _by_gate(rows: Iterable[Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.gate_id].append(row)
    return found
