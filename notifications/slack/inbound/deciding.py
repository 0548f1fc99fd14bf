"""The buttons of a gate's outcomes: a press decides, or opens a form whose sending decides. People do, by `decide`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from approvals.conduct import is_high_risk
from approvals.models import Gate
from approvals.outcomes import OutcomeClass
from approvals.services.acting import acting_on
from approvals.services.answer import Answer
from approvals.services.decide import REFUSAL_STATUS, decide, keep_refusal, not_as_shown
from approvals.services.sureness import Sureness, once_more
from approvals.services.verdict import Verdict
from approvals.strength import LINKED
from approvals.views.answerform import NOT_SHOWN
from approvals.views.words import answer_label
from notifications.slack.actions import Decide, unpack
from notifications.slack.blocks import Choice, button
from notifications.slack.inbound.clicks import kept_in, read_press, read_sent, value_of
from notifications.slack.inbound.doing import VIA, Known, in_time, once, page_of, place_of, words_of
from notifications.slack.inbound.form import COMMENT, Asked, errors, fits, form, read
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.replies import Form, Words, to_form, to_press
from notifications.slack.inbound.response import Response

TRIED = "decide"
NEEDS_FORM = ("comment_required", "evidence_required", "form_invalid", "result_required")
FAULTS_OF_FORM = (*NEEDS_FORM, "comment_too_long")
TOO_LARGE = "This asks for more than a form in Slack can hold. Answer on its page."
SAY_WHY = "Say why, in a sentence: whoever asked will read it."
OLD = "This button is of an older kind. Answer on the request's page."


def pressed(incoming: Incoming, data: dict[str, Any]) -> Response:
    """A press on the button of an outcome."""
    said = unpack(value_of(data))
    click = read_press(incoming, data, said.gate_id) if said else None
    if said is None or click is None:
        return Response()
    again = button(0, _choice(said))
    return to_press(click, in_time(click, TRIED, lambda known: _pressed(known, said), again))


def sent(incoming: Incoming, data: dict[str, Any]) -> Response:
    """The form of an outcome was sent."""
    said = unpack(str(kept_in(data).get("said", "")))
    click = read_sent(incoming, data, said.gate_id) if said else None
    if said is None or click is None:
        return to_form(Words(OLD), COMMENT)
    return to_form(in_time(click, TRIED, lambda known: _sent(known, said)), COMMENT)


def _pressed(known: Known, said: Decide) -> Words | Form:
    """Decide at once; or open the form, if this answer needs more than a press."""
    gate = known.gate
    cls = _class(gate, said.outcome)
    if cls != OutcomeClass.YES or is_high_risk(gate.terms.body):
        refusal = _hindrance(known, said)
        return words_of(refusal) if refusal else _form(known, said)
    answer = Answer(said.outcome, digest=said.digest or NOT_SHOWN)
    verdict = once(known, lambda: _decided(known, answer))
    if isinstance(verdict, Verdict) and verdict.code in NEEDS_FORM:
        return _form(known, said)
    return words_of(verdict)


def _sent(known: Known, said: Decide) -> Words | Form:
    """Decide with what was filled in. What is wrong with it is said beside its field, and the form stays open."""
    gate, choice = known.gate, _choice(said, known.gate)
    state = known.click.data["view"].get("state", {}).get("values", {})
    answer = read(gate.ask.form_schema, choice, state)
    answer = replace(answer, digest=answer.digest or NOT_SHOWN)
    if choice.cls == OutcomeClass.NO and not answer.comment:
        return Words("", errors={COMMENT: SAY_WHY})
    verdict = once(known, lambda: _decided(known, answer, asked_again=is_high_risk(gate.terms.body)))
    if isinstance(verdict, Verdict) and verdict.code in FAULTS_OF_FORM:
        places = verdict.details.get("fields", {})
        return Words("", errors=errors(gate.ask.form_schema, verdict.code, verdict.message, places))
    return words_of(verdict)


def _decided(known: Known, answer: Answer, *, asked_again: bool = False) -> Verdict:
    """A card that shows less than everything has no button for a yes, so whoever gives one has seen everything."""
    full = True if _class(known.gate, answer.outcome) == OutcomeClass.YES else None
    sureness = Sureness(asked_again=asked_again)
    person = known.person
    return decide(known.gate.pk, answer, person, via=VIA, strength=LINKED, full_view=full, sureness=sureness)


def _hindrance(known: Known, said: Decide) -> Verdict | None:
    """Why a form would be filled in for nothing, said before it is opened."""
    person = known.person
    with acting_on(known.gate.pk) as act:
        refusal = act.not_a_decider(person)
        if refusal is not None and refusal.code in REFUSAL_STATUS:
            keep_refusal(act.locked, act.gate, person, refusal.code, VIA)
        return refusal or not_as_shown(act.gate, Answer(said.outcome, digest=said.digest or NOT_SHOWN))


def _form(known: Known, said: Decide) -> Words | Form:
    gate, choice, ask = known.gate, _choice(said, known.gate), known.gate.ask
    yes, high = choice.cls == OutcomeClass.YES, is_high_risk(gate.terms.body)
    needs = not yes or ask.comment_required or choice.decide.outcome in ask.comment_on
    question = once_more(gate) if yes and high else ""
    asked = Asked(ask.form_schema if yes else None, needs, yes and ask.evidence_required, question)
    if not fits(asked):
        return Words(TOO_LARGE, page_of(gate))
    view = form(choice, asked, gate.title or gate.intent.intent_type, place_of(known))
    return Form(view, button(0, choice))


def _choice(said: Decide, gate: Gate | None = None) -> Choice:
    cls = _class(gate, said.outcome) if gate else OutcomeClass.YES
    return Choice(said, cls, answer_label(said.outcome))


def _class(gate: Gate, outcome: str) -> OutcomeClass:
    return OutcomeClass(dict(gate.ask.outcomes).get(outcome, OutcomeClass.NO))
