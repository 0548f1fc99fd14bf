"""Opening and closing gates, under the intent's lock. A closed gate's outcome stands for ever."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings

from approvals import selectors
from approvals.carried import votes_for
from approvals.chains import walk
from approvals.conduct import leaves_out_earlier_approvers
from approvals.filling import refill
from approvals.models import Gate, GateAsk, Person, Terms
from approvals.progress import progress_json
from approvals.services.latecomers import keep_latecomers_out
from approvals.services.seats import seat_everybody
from approvals.services.standins import stand_in_at_opening
from approvals.stepping import Cause, anybody, begin_step, started_chain, told_first
from approvals.terms import chain_of
from intents.clock import iso
from intents.digest import digest_of
from intents.lifecycle import LEFT_OUT, Status, StepStatus, WaitingReason
from intents.masking import covered
from intents.models import Step
from intents.prepared import Prepared
from intents.services.lock import Locked
from intents.services.outcome import stored_result
from intents.services.payloads import has_changed
from intents.services.rows import insert
from intents.stepgraph import FAILED
from intents.updates import update

_TERMS = Prepared(lambda digest: Terms.objects.filter(digest=digest))


def open_gate(locked: Locked, step: Step) -> Gate:
    """Open the gate with its terms, seat everybody who may ever decide, and tell the program whom it waits for."""
    if has_changed(locked.intent):
        refill(step)
    ask, terms = step.spec["ask"], step.spec["terms"]
    title = ask["title"] or selectors.own_title(locked.intent)
    earlier = earlier_results(locked, step)
    expires_at = min(locked.now + timedelta(seconds=terms["deadline"]), locked.intent.deadline_at)
    gate = Gate(
        workspace=locked.intent.workspace,
        intent=locked.intent,
        step=step,
        terms=_terms_row(terms),
        task_type=ask["task_type"],
        title=title,
        source=step.source,
        digest=subject_digest(locked, step, title, earlier),
        digest_required=has_changed(locked.intent),
        opened_at=locked.now,
        left_out=_left_out(locked, terms),
        expires_at=expires_at,
    )
    started = started_chain(gate, locked.now)
    gate.progress = progress_json(started)
    insert(gate)
    insert(
        GateAsk(
            gate=gate,
            description=ask["description"],
            instructions=ask.get("instructions", ""),
            quotes_payload=ask.get("quotes_payload", False),
            comment_on=ask.get("comment_on", []),
            outcomes=ask["outcomes"],
            form_schema=ask["form_schema"],
            comment_required=ask["comment_required"],
            evidence_required=ask["evidence_required"],
            earlier=earlier,
        )
    )
    keep_latecomers_out(locked, terms)
    people = seat_everybody(locked, gate, terms)
    doubtful = stand_in_at_opening(locked, gate) or not people
    step.deadline_at = gate.expires_at
    set_wake(step, gate, started)
    _tell(locked, gate, ask | {"title": title}, people, told_first(gate, started))
    _go_on(locked, step, gate, started, doubtful=doubtful)
    return gate


def close_gate(locked: Locked, gate: Gate, *, outcome: str, outcome_class: str, reason: str) -> None:
    """Give the gate its one outcome."""
    gate.outcome, gate.outcome_class, gate.reason = outcome, outcome_class, reason
    gate.closed_at = locked.now
    update(gate, "outcome", "outcome_class", "reason", "closed_at")
    locked.record(
        "intent.gate_closed",
        "server",
        {"gate_id": str(gate.pk), "outcome": outcome, "outcome_class": outcome_class, "reason": reason},
    )


def set_wake(step: Step, gate: Gate, progress: walk.Progress) -> None:
    """The step wakes at the gate's next reminder, escalation or hand-over, and at its expiry at the latest."""
    moments = (gate.expires_at, progress.next_at, gate.handover_at)
    step.wake_at = min(moment for moment in moments if moment is not None)


def _go_on(locked: Locked, step: Step, gate: Gate, started: walk.Progress, *, doubtful: bool) -> None:
    """If nobody of the first step can be asked, whoever comes after them is, at once."""
    first = chain_of(gate.terms.body).steps[0]
    if started.place < 0 or not (first.who or doubtful) or anybody(gate, first.who):
        return
    told = begin_step(locked, gate, started, Cause("nobody"))
    gate.progress = progress_json(told)
    gate.save(update_fields=["progress"])
    set_wake(step, gate, told)


def _terms_row(body: dict[str, Any]) -> Terms:
    digest = digest_of(body)
    known = _TERMS.first(digest=digest)
    if known is None:
        known, _ = Terms.objects.get_or_create(digest=digest, defaults={"body": body})
    return known


def _left_out(locked: Locked, terms: dict[str, Any]) -> list[str]:
    """Whoever said yes at an earlier gate of this intent that counts, where the terms leave them out."""
    intent = locked.intent
    if (intent._state.adding and intent.retry_of is None) or not leaves_out_earlier_approvers(terms):
        return []
    gates = Gate.objects.filter(intent=intent, closed_at__isnull=False).exclude(step__status__in=LEFT_OUT)
    return sorted({str(vote.person_id) for gate in gates for vote in votes_for(gate)})


def earlier_results(locked: Locked, step: Step) -> list[dict[str, Any]]:
    """What the steps before this one returned, as people are shown it."""
    failed = step.spec.get(FAILED, {}).get("step")
    before = [row for row in locked.steps if row.position < step.position]
    done = [row for row in before if row.status == StepStatus.DONE or row.name == failed]
    results = [(row, stored_result(row)) for row in done]
    return [
        {"step_id": row.name, "by": row.agent_address, "result": result}
        for row, result in results
        if result is not None
    ]


def subject_digest(locked: Locked, step: Step, title: str, earlier: list[dict[str, Any]]) -> str:
    """Everything that a person is shown (RFC 8785, SHA-256); when any of it changes, votes are void."""
    intent = locked.intent
    digest = digest_of(
        {
            "payload": json.loads(intent.texts.payload),
            "type": intent.intent_type,
            "sender": str(intent.sender_id),
            "target": intent.to_agent,
            "earlier": earlier,
            "ask": step.spec["ask"] | {"title": title},
            "terms": step.spec["terms"],
        }
    )
    return covered(intent.texts, digest)


def _tell(locked: Locked, gate: Gate, ask: dict[str, Any], people: list[Person], first: dict[str, Any]) -> None:
    """`first`: what the chain says of who is told now."""
    waiting_for = selectors.waiting_sentence(gate, people)
    pending = {"type": "human", "ref": str(gate.pk), "name": waiting_for}
    locked.set_status(Status.WAITING, WaitingReason.HUMAN, pending)
    common = {"gate_id": str(gate.pk), "approval_id": str(gate.pk), "title": gate.title, "digest": gate.digest}
    until = iso(gate.expires_at)
    task = {key: ask[key] for key in ("title", "description", "task_type", "form_schema")}
    task["allowed_outcomes"] = [name for name, _ in ask["outcomes"]]
    locked.record("intent.human_task_assigned", "server", common | {"human_task": task, "deadline": until} | first)
    waiting = {"waiting_for": waiting_for, "until": until, "then": selectors.silence_outcome(gate)}
    locked.record("intent.waiting", "server", common | waiting | {"url": f"{settings.BASE_URL}/gates/{gate.pk}"})
