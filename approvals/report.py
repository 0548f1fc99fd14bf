"""A gate as programs see it in the terminal details, and the sentence that sums it up."""

from __future__ import annotations

from typing import Any

from approvals import selectors
from approvals.carried import deciders_of
from approvals.directory import label
from approvals.models import CARRIED_OVER, Decision, Gate
from intents.clock import iso
from intents.models import Step
from intents.prepared import Prepared
from intents.services.mending import RETRY
from intents.services.outcome import stored_result

PLACES = {
    "web": "in the web inbox",
    "slack": "in Slack",
    "email": "by email",
    "api": "over the API",
    "admin": "in the admin",
}
VERBS = {
    "approved": "Approved",
    "rejected": "Rejected",
    "changes_requested": "Changes requested",
    "override_approved": "Override approved",
}

_DECISIONS = Prepared(
    lambda gate: Decision.objects.select_related("person", "text").filter(gate=gate).order_by("at", "pk")
)


def gate_report(gate: Gate) -> dict[str, Any]:
    """What the human step adds to the terminal details."""
    decisions = _DECISIONS(gate=gate.pk)
    counted = [row for row in decisions if row.taken_back_at is None]
    last = _last(gate, decisions)
    taken_over = deciders_of(gate) if gate.reason == CARRIED_OVER else []
    return {
        "gate": gate_json(gate, decisions),
        "outcome": gate.outcome,
        "digest": gate.digest,
        "summary": summary(gate, last),
        "comment": last.text.comment if last else "",
        "decided_by": [row.person.email for row in counted if row.outcome_class == gate.outcome_class]
        if last
        else taken_over,
        "decided_at": iso(gate.closed_at) if last else None,
        "fields": last.text.fields if last else {},
        "task_result": _task_result(last),
    }


def failure_report(gate: Gate, step: Step) -> dict[str, Any]:
    """The same of a gate about failed work: what a person did by hand is a result, and another try is no outcome."""
    report = gate_report(gate) | {"result": stored_result(step)}
    return {"gate": report["gate"]} if gate.outcome == RETRY else report


def gate_json(gate: Gate, decisions: list[Decision]) -> dict[str, Any]:
    """The gate with its requirement and its decisions."""
    standing = [row for row in decisions if row.taken_back_at is None]
    return {
        "gate_id": str(gate.pk),
        "title": gate.title,
        "type": gate.task_type,
        "step_id": gate.step.name,
        "source": gate.source,
        "outcome": gate.outcome or None,
        "outcome_class": gate.outcome_class or None,
        "reason": gate.reason or None,
        "digest": gate.digest,
        "opened_at": iso(gate.opened_at),
        "closed_at": iso(gate.closed_at),
        "deadline": iso(gate.expires_at),
        "carried_from": str(gate.carried_from) if gate.carried_from else None,
        "on_timeout": gate.terms.body["on_timeout"],
        "asked_by_request": gate.terms.body["asked_by_request"],
        "requirement": [
            {"who": label_of(line.who), "need": line.need, "have": line.have}
            for line in selectors.progress(gate, standing)
        ],
        "decisions": [decision_json(row) for row in decisions],
    }


def decision_json(row: Decision) -> dict[str, Any]:
    """One person's answer."""
    return {
        "by": row.person.email,
        "name": row.person.name,
        "for": row.stood_in_for or None,
        "outcome": row.outcome,
        "comment": row.text.comment,
        "fields": row.text.fields,
        "evidence": row.text.evidence,
        "via": row.via,
        "strength": row.strength,
        "at": iso(row.at),
        "counted": row.taken_back_at is None,
        "void": row.void_why or None,
    }


def label_of(who: tuple[str, ...]) -> str:
    """The names of a line in one text, as admins write them."""
    return ", ".join(who)


def summary_for(gate: Gate, at: str) -> str:
    """The summary of a closed gate for a reader in whose words it closed `at`."""
    return summary(gate, _last(gate, _DECISIONS(gate=gate.pk)), at)


def _last(gate: Gate, decisions: list[Decision]) -> Decision | None:
    """The answer that closed it."""
    counted = [row for row in decisions if row.taken_back_at is None]
    return counted[-1] if counted and gate.by_people else None


def summary(gate: Gate, last: Decision | None, at: str = "") -> str:
    """One sentence: what happened, by whom, where, when (in UTC, or `at`), and in whose words."""
    at = at or (f"{gate.closed_at:%H:%M} UTC" if gate.closed_at else "")
    if last is None:
        if gate.reason == CARRIED_OVER:
            return f"Agreed to by {', '.join(deciders_of(gate))} when it was first tried; nothing has changed since."
        names = label(name for entry in gate.terms.body["requirement"] for name in entry["who"])
        if gate.outcome_class == "yes":
            return f"Approved by silence at {at}: the policy says so, and {names} did not object."
        if gate.reason in ("amended", "edited"):
            return f"The request was {gate.reason} at {at}, so everybody who has to agree is asked anew."
        if gate.reason == "timeout":
            return f"Not approved: {names} did not answer by {at}."
        return f"Closed undecided at {at}."
    verb = VERBS.get(gate.outcome, gate.outcome.replace("_", " ").capitalize())
    sentence = f"{verb} by {last.person.name} {PLACES.get(last.via, last.via)} at {at}"
    if gate.reason == "break_glass":
        sentence = f"{sentence}, by breaking glass"
    return f"{sentence}: {last.text.comment}" if last.text.comment else f"{sentence}."


def _task_result(last: Decision | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"outcome": last.outcome, "comment": last.text.comment, "data": last.text.fields}
