"""Questions to whoever asked, and their answers. The deadline runs on, and others may decide meanwhile."""

from __future__ import annotations

import uuid

from approvals.models import Gate, Person, Question
from approvals.services.acting import Acting, acting_on, done
from approvals.services.verdict import Verdict, refused
from intents.principal import Principal

MOST_OPEN = 20  # of one gate
MOST = 100  # of one gate, answered ones too


def ask(gate_id: uuid.UUID, person: Person, text: str, *, via: str) -> Verdict:
    """A member's question to the requester, who is told at once. `details` of the verdict: `question_id`."""
    words = text.strip()
    with acting_on(gate_id) as act:
        refusal = act.not_a_member(person) or act.over() or act.bad_text(words, "the question") or _too_many(act.gate)
        if refusal is not None:
            return refusal
        if act.gate.intent.requester == person.ref:
            return refused(act.gate, "asks_yourself", "Questions about this go to yourself.", 409)
        row = Question.objects.create(gate=act.gate, asker=person, text=words, via=via, asked_at=act.now)
        said = {"by": person.email, "name": person.name, "question_id": str(row.pk), "text": words, "via": via}
        act.record("question_asked", person.actor, said)
    return done(act.gate, "asked", _whither(act.gate), question_id=str(row.pk))


def answer(gate_id: uuid.UUID, question_id: uuid.UUID | None, text: str, by: Principal, *, via: str) -> Verdict:
    """The requester's answer, or the sending program's. Whoever asked is told; everybody sees it on the gate."""
    words = text.strip()
    with acting_on(gate_id) as act:
        row = Question.objects.select_related("asker").filter(gate=act.gate, pk__in=[question_id]).first()
        refusal = _not_the_asked(act, by) or act.over() or act.bad_text(words, "the answer") or _settled(act.gate, row)
        if refusal is not None or row is None:
            return refusal or _unknown(act.gate)
        row.answer, row.answered_by, row.answered_at = words, by.actor, act.now
        row.save(update_fields=["answer", "answered_by", "answered_at"])
        said = {"by": _name(by), "question_id": str(row.pk), "text": words, "via": via, "to": [row.asker.actor]}
        act.record("question_answered", by.actor, said)
    return done(act.gate, "answered", f"Your answer stands on the gate, and {row.asker.name} is told.")


def may_answer(gate: Gate, by: Principal) -> bool:
    """True for the requester, and for the key that sent the intent or one in its place."""
    return by.sent(gate.intent) or (by.person is not None and by.person.id == gate.intent.requester)


def _too_many(gate: Gate) -> Verdict | None:
    waiting = gate.questions.filter(answered_at=None).count()
    if waiting >= MOST_OPEN:
        return refused(gate, "too_many_questions", f"{waiting} questions wait for an answer already.", 409)
    if gate.questions.count() >= MOST:
        return refused(gate, "too_many_questions", f"A gate takes {MOST} questions; decide by what you know.", 409)
    return None


def _not_the_asked(act: Acting, by: Principal) -> Verdict | None:
    if may_answer(act.gate, by):
        return None
    return refused(act.gate, "not_the_requester", "Only the requester or the program that sent it answers.", 403)


def _settled(gate: Gate, row: Question | None) -> Verdict | None:
    if row is None:
        return _unknown(gate)
    if not row.is_open:
        return refused(gate, "already_answered", "This question has its answer; it stands on the gate.", 409)
    return None


def _unknown(gate: Gate) -> Verdict:
    return refused(gate, "no_such_question", "There is no such question on this gate.", 422)


def _name(by: Principal) -> str:
    return by.person.email if by.person else by.actor.removeprefix("key:")


def _whither(gate: Gate) -> str:
    if gate.intent.requester:
        return "Your question stands on the gate, and the requester is told. The deadline runs on."
    return "Your question stands on the gate. No person stands behind this request: only its program can answer."
