"""A person's answer, read from the wire or a page, and checked against what the gate asks. Before any lock is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from approvals.failures import BY_HAND, RESULT, TASK_TYPE
from approvals.forms import coerce, validate, with_approved
from approvals.models import Gate, GateAsk
from approvals.outcomes import OutcomeClass
from intents.errors import Invalid

RESERVED = ("outcome", "comment", "data", "evidence", "digest", "action")
COMMENT_LIMIT = 2000
EVIDENCE_LIMIT = 10
NEEDED = "This is needed."
WORDS = {"approve": OutcomeClass.YES, "reject": OutcomeClass.NO}


@dataclass(frozen=True)
class Answer:
    """What one person says on one gate. `digest` is of what they were shown; "" if the client does not know it."""

    outcome: str
    comment: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class Fault:
    """Why an answer cannot be taken: a stable code and a sentence. `details` may name form fields."""

    code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)


def answer_of(gate: Gate, task_result: Any) -> Answer:
    """Read AXP's `task_result`: form fields stand at its top level or under `data`. Invalid if it is no object."""
    if not isinstance(task_result, dict) or not isinstance(task_result.get("outcome"), str):
        raise Invalid(f"task_result must be an object with an outcome: one of {names_of(gate)}.", code="bad_outcome")
    data = task_result.get("data") or {}
    if not isinstance(data, dict):
        raise Invalid("task_result.data must be an object.", code="form_invalid")
    fields = {key: value for key, value in {**task_result, **data}.items() if key not in RESERVED}
    evidence = task_result.get("evidence") or data.get("evidence") or []
    return Answer(
        outcome=task_result["outcome"],
        comment=_text(task_result.get("comment")),
        fields=fields,
        evidence=tuple(_evidence(evidence)),
        digest=_text(task_result.get("digest")),
    )


def read_decision(gate: Gate, body: dict[str, Any]) -> Answer:
    """approve and reject stand for the gate's first yes and its first no."""
    if "task_result" in body:
        return answer_of(gate, body["task_result"])
    word = body.get("decision")
    if word not in WORDS:
        raise Invalid("decision must be approve or reject.", code="schema_invalid")
    comment = body.get("comment") or ""
    if not isinstance(comment, str):
        raise Invalid("comment must be a text.", code="schema_invalid")
    outcome = next(name for name, cls in gate.ask.outcomes if cls == WORDS[word])
    digest = body.get("digest") if isinstance(body.get("digest"), str) else ""
    return Answer(outcome=outcome, comment=comment, digest=digest or "")


def prepare(ask: GateAsk, answer: Answer) -> tuple[Answer, Fault | None]:
    """The answer with its fields in the form's own types, and the first fault of it.

    A form is only binding for a yes: a refusal needs no filled-in form. `approved` always follows the outcome.
    """
    cls = dict(ask.outcomes).get(answer.outcome)
    if cls is None:
        return answer, Fault(
            "bad_outcome", f"{answer.outcome!r} is not offered here: choose one of {names_of(ask.gate)}."
        )
    fields = dict(answer.fields)
    if ask.form_schema is not None:
        fields = with_approved(ask.form_schema, coerce(ask.form_schema, fields), cls == OutcomeClass.YES)
    if "approved" in fields:
        fields["approved"] = cls == OutcomeClass.YES
    read = Answer(answer.outcome, answer.comment.strip(), fields, answer.evidence, answer.digest)
    return read, _fault(ask, read, cls)


def names_of(gate: Gate) -> str:
    """The outcomes that a gate offers, in words."""
    return ", ".join(name for name, _ in gate.ask.outcomes)


def _fault(ask: GateAsk, answer: Answer, cls: str) -> Fault | None:
    if len(answer.comment) > COMMENT_LIMIT:
        return Fault("comment_too_long", f"The comment is longer than {COMMENT_LIMIT} characters.")
    if not answer.comment and (ask.comment_required or answer.outcome in ask.comment_on or cls == OutcomeClass.BACK):
        return Fault("comment_required", "Say why: this answer needs a comment.")
    if cls != OutcomeClass.YES:
        return None
    if _is_by_hand(ask, answer) and not answer.fields.get(RESULT):
        return Fault(
            "result_required", "Say what came of it: completing by hand needs a result.", {"fields": {RESULT: NEEDED}}
        )
    if ask.evidence_required and not answer.evidence:
        return Fault("evidence_required", "Add evidence: at least one link or text.")
    errors = validate(ask.form_schema, dict(answer.fields)) if ask.form_schema is not None else []
    if errors:
        places = {error.path: error.message for error in errors}
        words = "; ".join(f"{path or 'form'}: {message}" for path, message in places.items())
        return Fault("form_invalid", words, {"fields": places})
    return None


def _is_by_hand(ask: GateAsk, answer: Answer) -> bool:
    return ask.gate.task_type == TASK_TYPE and answer.outcome == BY_HAND


def _evidence(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    texts = [item.strip() for item in items if isinstance(item, str) and item.strip()]
    if len(items) > EVIDENCE_LIMIT or any(len(text) > COMMENT_LIMIT for text in texts):
        raise Invalid(f"Evidence is at most {EVIDENCE_LIMIT} links or texts of {COMMENT_LIMIT} characters each.")
    return texts


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
