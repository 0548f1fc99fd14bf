"""What a gate asks about, as tables in which every leaf stands in full, or the view says that it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects

from approvals.models import Gate, Person
from approvals.outcomes import OutcomeClass
from approvals.selectors import own_title
from approvals.text import Row, payload_rows, visible
from intents import clock
from intents.ids import parse_id
from intents.masking import shown_payload
from intents.models import Intent
from intents.prepared import Prepared, Question, answer

MOST_ROWS = 200
MOST_CHARACTERS = 20_000
REFUSALS_FOR = timedelta(days=7)
REFUSALS_SHOWN = 10


@dataclass(frozen=True)
class Table:
    """The leaves of one JSON value. `hidden` counts those that are left out or cut."""

    rows: tuple[Row, ...]
    hidden: int = 0


@dataclass(frozen=True)
class EarlierResult:
    """What an earlier step returned: words of the program that did it."""

    step: str
    by: str
    table: Table


@dataclass(frozen=True)
class Subject:
    """Payload and earlier results. A cut view offers no yes."""

    payload: Table
    earlier: tuple[EarlierResult, ...]

    @property
    def is_cut(self) -> bool:
        """True if anything is left out."""
        return bool(self.hidden)

    @property
    def hidden(self) -> int:
        """How many leaves are left out or cut, in all tables."""
        return self.payload.hidden + sum(each.table.hidden for each in self.earlier)


def subject_of(gate: Gate, *, full: bool) -> Subject:
    """All tables of a gate, in full or within the limits of one screen."""
    budget = Budget(None if full else (MOST_ROWS, MOST_CHARACTERS))
    payload = budget.table(shown_payload(gate.intent.texts))
    earlier = [
        EarlierResult(str(each.get("step_id", "")), str(each.get("by", "")), budget.table(each.get("result")))
        for each in gate.ask.earlier
    ]
    return Subject(payload, tuple(earlier))


def table_of(value: Any, *, full: bool) -> Table:
    """One value alone, in full or within the limits of one screen."""
    return Budget(None if full else (MOST_ROWS, MOST_CHARACTERS)).table(value)


class Budget:
    """Rows and characters that a view may still show; None is no limit."""

    def __init__(self, limits: tuple[int, int] | None) -> None:
        self._limits = limits

    def table(self, value: Any) -> Table:
        """The value's leaves as far as the budget goes; the first one that is too long is cut and counted."""
        rows = payload_rows(value)
        if self._limits is None:
            return Table(tuple(rows))
        left, characters = self._limits
        shown: list[Row] = []
        whole = 0
        for row in rows[:left]:
            size = len(row.path) + len(row.text)
            if size > characters:
                shown.append(Row(row.path[:200], row.kind, row.text[: max(characters, 200)] + " … (cut here)"))
                characters = 0
                break
            shown.append(row)
            whole += 1
            characters -= size
        self._limits = (left - len(shown), characters)
        return Table(tuple(shown), len(rows) - whole)


def sender_of(intent: Intent) -> str:
    """The program that sent it, by its account's name."""
    return visible(intent.sender.service_account.name)


def requester_of(intent: Intent) -> Person | None:
    """The person on whose behalf it was sent."""
    person_id = parse_id(intent.requester) if intent.requester else None
    return Person.objects.filter(pk=person_id).first() if person_id else None


def title_is_the_programs(gate: Gate) -> bool:
    """True if the sender may have written the title; a gate of the policies alone has theirs or the server's."""
    return gate.title != own_title(gate.intent) and not gate.source.startswith(("policy:", "default"))


def earlier_refusals(gate: Gate, now: datetime | None = None) -> list[Gate]:
    """Gates of the same sender, type and target that people refused within the last week."""
    shown: list[Gate] = answer(refusals(gate, now or clock.now()))
    if shown:
        prefetch_related_objects(shown, "decisions__person", "decisions__text")
    return shown


def refusals(gate: Gate, now: datetime) -> Question:
    """Which those are."""
    intent = gate.intent
    return _REFUSED.question(
        workspace=gate.workspace_id,
        account=intent.sender.service_account_id,
        intent_type=intent.intent_type,
        to_agent=intent.to_agent,
        since=now - REFUSALS_FOR,
        but=gate.pk,
    )


def _refused(*, workspace: Any, account: Any, intent_type: Any, to_agent: Any, since: Any, but: Any) -> QuerySet[Gate]:
    rows = Gate.objects.filter(
        workspace=workspace,
        reason="decided",
        outcome_class__in=(OutcomeClass.NO, OutcomeClass.BACK),
        intent__sender__service_account=account,
        intent__intent_type=intent_type,
        intent__to_agent=to_agent,
        closed_at__gte=since,
    )
    return rows.exclude(pk=but).order_by("-closed_at")[:REFUSALS_SHOWN]


_REFUSED = Prepared(_refused)
