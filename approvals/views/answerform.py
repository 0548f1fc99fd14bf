"""The decision form: its fields by number, what was typed into it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from approvals.forms import Input, inputs, posted
from approvals.models import Gate
from approvals.outcomes import OutcomeClass
from approvals.services.answer import COMMENT_LIMIT, EVIDENCE_LIMIT, Answer, Fault
from approvals.strength import SIGN_IN_TO_ACCEPT
from approvals.text import path_text
from approvals.views.words import MEANS, answer_label

NOT_SHOWN = "not-shown"


@dataclass(frozen=True)
class Choice:
    """One outcome to choose. `offered` is False for a yes in a view that is cut."""

    name: str
    label: str
    means: str
    cls: str
    checked: bool
    offered: bool


@dataclass(frozen=True)
class Door:
    """How somebody came to the form: whether a yes is taken there, or why not, and whether each answer needs words."""

    takes_yes: bool = True
    asks_words: bool = False
    why_not: str = ""


PAGE = Door()
"""The page of somebody who has signed in."""


@dataclass(frozen=True)
class Typed:
    """What somebody has put into the form so far."""

    outcome: str = ""
    comment: str = ""
    evidence: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    full: bool = False


@dataclass(frozen=True)
class Field:
    """A control of the form with its number, which names it on the page, and what is wrong with it."""

    number: int
    input: Input
    error: str = ""


@dataclass(frozen=True)
class AnswerForm:
    """All that the form shows. `errors`: outcome, comment, evidence, form; `question` is asked once more."""

    choices: tuple[Choice, ...]
    fields: tuple[Field, ...]
    typed: Typed
    errors: Mapping[str, str]
    asks_evidence: bool
    asks_comment: bool
    asks_words: bool
    is_cut: bool
    why_not: str = ""
    question: str = ""


def read(gate: Gate, post: QueryDict) -> Typed:
    """What was posted. Line ends are one character, and U+0000, which no database stores, is dropped."""
    schema = gate.ask.form_schema
    fields: dict[str, Any] = {}
    if schema is not None:
        sent = {each.name: f"field-{number}" for number, each in enumerate(inputs(schema, {}))}
        values = {name: [_clean(text) for text in post.getlist(at)] for name, at in sent.items() if at in post}
        fields = posted(schema, values)
    return Typed(
        outcome=post.get("outcome", ""),
        comment=_clean(post.get("comment", "")),
        evidence=_clean(post.get("evidence", "")),
        fields=fields,
        digest=post.get("digest", ""),
        full=post.get("full") == "1",
    )


def answer_from(typed: Typed) -> Answer:
    """The answer, always with a digest: a page that does not say what it showed showed something else."""
    evidence = tuple(line.strip() for line in typed.evidence.split("\n") if line.strip())
    return Answer(typed.outcome, typed.comment, typed.fields, evidence, typed.digest or NOT_SHOWN)


def page_fault(gate: Gate, typed: Typed, *, is_cut: bool, door: Door = PAGE) -> Fault | None:
    """What a page asks beyond `decide`: a choice, a reason for a no, little evidence, a full view for a yes."""
    cls = dict(gate.ask.outcomes).get(typed.outcome)
    lines = [line for line in typed.evidence.split("\n") if line.strip()]
    if not typed.outcome:
        return Fault("outcome", "Choose an answer first.")
    if cls == OutcomeClass.YES and is_cut:
        return Fault("not_in_full", "This view did not show everything. Review it in full, then decide.")
    if cls == OutcomeClass.YES and not door.takes_yes:
        return Fault("sign_in_needed", SIGN_IN_TO_ACCEPT)
    if (cls == OutcomeClass.NO or door.asks_words) and not typed.comment.strip():
        return Fault("comment_required", "Say why, in a sentence: whoever asked will read it.")
    if len(lines) > EVIDENCE_LIMIT or any(len(line) > COMMENT_LIMIT for line in lines):
        return Fault("evidence", f"At most {EVIDENCE_LIMIT} lines of {COMMENT_LIMIT} characters each.")
    return None


def form_of(
    gate: Gate, typed: Typed, fault: Fault | None = None, *, is_cut: bool = False, door: Door = PAGE
) -> AnswerForm:
    """The form with what was typed and what is wrong; nothing is chosen beforehand."""
    offers_yes = door.takes_yes and not is_cut
    places: dict[str, str] = fault.details.get("fields", {}) if fault else {}
    numbered = list(enumerate(inputs(gate.ask.form_schema, dict(typed.fields)) if gate.ask.form_schema else []))
    found = {each.name: _error_of(each.name, places) for _, each in numbered}
    errors = {_PLACES.get(fault.code, "form"): fault.message} if fault else {}
    if any(found.values()):
        errors = {"form": "Some fields need another look."} | _rest(found, places)
    return AnswerForm(
        choices=tuple(_choice(name, OutcomeClass(cls), typed, offers_yes) for name, cls in gate.ask.outcomes),
        fields=tuple(Field(number, each, found[each.name]) for number, each in numbered),
        typed=typed,
        errors=errors,
        asks_evidence=gate.ask.evidence_required,
        asks_comment=gate.ask.comment_required,
        asks_words=door.asks_words,
        is_cut=is_cut,
        why_not=door.why_not,
        question=str(fault.details.get("question", "")) if fault else "",
    )


_PLACES = {
    "outcome": "outcome",
    "bad_outcome": "outcome",
    "comment_required": "comment",
    "comment_too_long": "comment",
    "evidence_required": "evidence",
    "evidence": "evidence",
}


def _choice(name: str, cls: OutcomeClass, typed: Typed, offers_yes: bool) -> Choice:
    offered = offers_yes or cls != OutcomeClass.YES
    return Choice(name, answer_label(name), MEANS[cls], cls.value, typed.outcome == name and offered, offered)


def _error_of(name: str, places: Mapping[str, str]) -> str:
    """The sentences about this field and whatever is inside it."""
    own = path_text((name,))
    inside = [
        (path.removeprefix(own).lstrip("."), message)
        for path, message in places.items()
        if path == own or path.startswith((f"{own}.", f"{own}["))
    ]
    return "; ".join(f"{path} {message}".strip() for path, message in inside)


def _rest(found: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """Errors that belong to no field that is shown."""
    owned = [path_text((name,)) for name in found]
    loose = [
        f"{path} {message}".strip()
        for path, message in places.items()
        if not any(path == own or path.startswith((f"{own}.", f"{own}[")) for own in owned)
    ]
    return {"form": "Some fields need another look. " + "; ".join(loose)} if loose else {}


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
