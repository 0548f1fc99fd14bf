"""What this app keeps about closed intents, and what a purge takes from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.models import Session

from approvals.models import DecisionText, Gate, GateAsk, Question, SignInLink
from approvals.selectors import own_title
from intents.models import IdempotencyRecord, Intent
from intents.purged import stub
from intents.services.idempotency import leave_words

ADMINS_WORDS = ("policy:", "default")
"""Sources of gates whose title no program wrote."""
ACTS = ("ask", "answer", "edit", "claim", "release", "delegate", "undelegate", "escalate", "extend", "break-glass")
"""Calls on a gate whose answers were kept for repetitions."""


class ApprovalsKeeper:
    """Gates, what they asked, and the words of decisions."""

    def unsettled(self, intent_ids: Collection[UUID]) -> set[UUID]:
        """Open gates; a closed intent has none."""
        return set(Gate.objects.filter(intent__in=intent_ids, closed_at=None).values_list("intent_id", flat=True))

    def purge(self, intent: Intent, words: str) -> None:
        """Titles become the server's own, votes keep their outcome."""
        gates = Gate.objects.filter(intent=intent)
        for gate in gates.select_related("ask"):
            if gate.ask.quotes_payload or not gate.source.startswith(ADMINS_WORDS):
                gates.filter(pk=gate.pk).update(title=own_title(intent))
            _purge_ask(gate.ask, words)
        for text in DecisionText.objects.filter(decision__gate__in=gates):
            text.comment = words if text.comment else ""
            text.fields = stub(words) if text.fields else {}
            text.evidence = [words] if text.evidence else []
            text.save()
        for question in Question.objects.filter(gate__in=gates):
            question.text, question.answer = words, words if question.answer else ""
            question.save(update_fields=["text", "answer"])
        calls = [f"{verb} /v1/approvals/{gate.pk}/decision" for gate in gates for verb in ("POST", "DELETE")]
        calls += [f"POST /v1/gates/{gate.pk}/{act}" for gate in gates for act in ACTS]
        leave_words(IdempotencyRecord.objects.filter(workspace_id=intent.workspace_id, endpoint__in=calls), words)

    def tidy(self, now: datetime, most: int) -> int:
        """Sessions and sign-in links that have run out."""
        sessions = Session.objects.filter(expire_date__lt=now).values("pk")[:most]
        links = SignInLink.objects.filter(expires_at__lt=now).values("pk")[:most]
        gone = Session.objects.filter(pk__in=sessions).delete()[0]
        return gone + SignInLink.objects.filter(pk__in=links).delete()[0]


def _purge_ask(ask: GateAsk, words: str) -> None:
    ask.description = words if ask.description else ""
    ask.instructions = words if ask.instructions else ""
    ask.form_schema = None
    ask.earlier = [each | {"result": stub(words)} for each in ask.earlier]
    ask.save()
