"""Reading what people have undertaken on a gate: questions and their answers, and who is looking at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from approvals.models import Claim, Decision, Delegation, Gate, Question
from intents.clock import iso
from intents.prepared import Prepared


def questions_of(gate: Gate) -> list[Question]:
    """All of them, the oldest first."""
    return list(gate.questions.select_related("asker"))


def live_claims(gate: Gate, now: datetime) -> list[Claim]:
    """Who is looking at it now: of claims that have neither run out nor been released. Whoever decided is done."""
    if not gate.is_open:
        return []
    return LIVE(gate=gate.pk, now=now)


def _live(gate: Any, now: Any) -> QuerySet[Claim]:
    decided = Decision.objects.filter(gate=gate, taken_back_at=None).values("person")
    rows = Claim.objects.filter(gate=gate, released_at=None, until__gt=now).exclude(person__in=decided)
    return rows.select_related("person")


LIVE = Prepared(_live)


def delegation_json(row: Delegation) -> dict[str, Any]:
    """Who is asked instead of whom, as the wire shows it."""
    return {"from": row.person.email, "to": row.to.email}


def question_json(row: Question) -> dict[str, Any]:
    """A question as the wire shows it."""
    return {
        "question_id": str(row.pk),
        "by": row.asker.email,
        "name": row.asker.name,
        "text": row.text,
        "at": iso(row.asked_at),
        "answer": row.answer or None,
        "answered_by": row.answered_by or None,
        "answered_at": iso(row.answered_at),
    }


def claim_json(row: Claim) -> dict[str, Any]:
    """A claim as the wire shows it."""
    return {"by": row.person.email, "name": row.person.name, "until": iso(row.until)}
