"""The menu of a card: what people do on a gate besides answering it, by the same services as on its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from approvals.services.acting import acting_on
from approvals.services.ask import ask
from approvals.services.claim import claim, release
from approvals.services.delegate import delegate, undelegate
from approvals.services.escalate import escalate
from approvals.services.extend import extend
from approvals.services.take_back import take_back
from approvals.services.verdict import Verdict
from approvals.views.offers import offers_of
from intents import clock
from notifications.slack.actions import Act, unpack_act
from notifications.slack.blocks import act_button
from notifications.slack.inbound.actforms import MAIN, SECONDS, TEXT, TO, ask_form, delegate_form, extend_form
from notifications.slack.inbound.clicks import kept_in, read_press, read_sent, value_of
from notifications.slack.inbound.doing import VIA, Known, in_time, once, page_of, place_of, words_of
from notifications.slack.inbound.form import MOST_OPTIONS, sent_in
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.replies import Form, Words, to_form, to_press
from notifications.slack.inbound.response import Response
from notifications.slack.menus import LABELS, offer
from notifications.slack.richtext import Json

NOT_NOW = "This is not offered to you any more."
OLD = "This is of an older kind. Use the request's page."
INVALID = 422
AT_ONCE: Mapping[str, Callable[..., Verdict]] = {
    "take_back": take_back,
    "claim": claim,
    "release": release,
    "undelegate": undelegate,
    "escalate": escalate,
}


def pressed(incoming: Incoming, data: dict[str, Any]) -> Response:
    """A line of the menu was chosen."""
    act = unpack_act(value_of(data))
    click = read_press(incoming, data, act.gate_id) if act else None
    if act is None or click is None or act.name not in LABELS:
        return Response()
    return to_press(click, in_time(click, act.name, lambda known: _pressed(known, act)))


def sent(incoming: Incoming, data: dict[str, Any]) -> Response:
    """The form of such a line was sent."""
    act = unpack_act(str(kept_in(data).get("said", "")))
    click = read_sent(incoming, data, act.gate_id) if act else None
    if act is None or click is None or act.name not in MAIN:
        return to_form(Words(OLD), TEXT)
    return to_form(in_time(click, act.name, lambda known: _sent(known, act)), MAIN[act.name])


def _pressed(known: Known, act: Act) -> Words | Form:
    """Do it at once; or open the form, if it needs words or a choice."""
    if act.name in AT_ONCE:
        return words_of(once(known, lambda: AT_ONCE[act.name](known.gate.pk, known.person, via=VIA)))
    view = _form(known, act)
    if isinstance(view, Words):
        return view
    return Form(view, act_button(offer(known.gate, act.name)))


def _form(known: Known, act: Act) -> Json | Words:
    offers, line, place = offers_of(known.gate, known.person, clock.now()), offer(known.gate, act.name), place_of(known)
    if act.name == "ask" and offers.ask:
        return ask_form(line, place, offers.ask)
    if act.name == "delegate" and 0 < len(offers.delegates) <= MOST_OPTIONS:
        return delegate_form(line, place, offers.delegates)
    if act.name == "extend" and offers.extend:
        return extend_form(line, place, offers.extend)
    return _why_not(known)


def _why_not(known: Known) -> Words:
    """The first reason that there is."""
    with acting_on(known.gate.pk) as act:
        refusal = act.not_a_decider(known.person)
    return words_of(refusal) if refusal else Words(NOT_NOW, page_of(known.gate))


def _sent(known: Known, act: Act) -> Words | Form:
    """Do it. What is wrong with what was filled in is said beside it, and the form stays open."""
    verdict = once(known, lambda: _done(known, act))
    if isinstance(verdict, Verdict) and verdict.status == INVALID:
        return Words("", errors={MAIN[act.name]: verdict.message})
    return words_of(verdict)


def _done(known: Known, act: Act) -> Verdict:
    gate_id, person = known.gate.pk, known.person
    values = known.click.data["view"].get("state", {}).get("values", {})
    words, chosen = "\n".join(sent_in(values, TEXT)), sent_in(values, SECONDS)
    if act.name == "ask":
        return ask(gate_id, person, words, via=VIA)
    if act.name == "delegate":
        return delegate(gate_id, person, "".join(sent_in(values, TO)), via=VIA)
    seconds = int(chosen[0]) if chosen and chosen[0].isascii() and chosen[0].isdecimal() else 0
    return extend(gate_id, person, min(seconds, 10**7), words, via=VIA)
