"""The message that asks somebody to decide: a request, a reminder of it, an escalation, or the last call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from approvals.directory import label
from approvals.models import Gate
from approvals.outcomes import OutcomeClass
from approvals.selectors import progress, silence_outcome, silence_sentence
from approvals.strength import link_accepts
from approvals.termwords import conditions_of, posted_to
from approvals.text import Row, mixed_script_words, one_line, payload_rows, visible
from approvals.undertakings import live_claims
from approvals.views.subject import earlier_refusals
from intents.addresses import is_human
from intents.masking import shown_payload
from notifications.audience import CHANGES
from notifications.case import Case
from notifications.changes import latest, quotes_of, tables_of
from notifications.content import Content, Fact, Quote, Table
from notifications.cutting import fitting
from notifications.facts import TITLE_LIMIT, gate_url, intent_facts, sender_name, title_beside_target
from notifications.maillinks.links import decide_url
from notifications.models import EMAIL, Purpose
from notifications.postwords import post_reason
from notifications.wording import because, names, short_digest, spoken, verb

PAYLOAD_BYTES = 40_000
EARLIER_BYTES = 15_000
MOST_EARLIER = 10
MOST_WARNED = 5
REFUSAL_LIMIT = 300
BY_VALUES = ", quoting the request"
PREFIXES: Mapping[str, str] = {
    Purpose.ESCALATION: "Escalated to you: ",
    Purpose.DELEGATION: "Handed to you: ",
    Purpose.WARNING: "Last call: ",
}


def ask(case: Case) -> Content:
    """Needs the case's gate: there is nothing to ask without one."""
    gate = case.gate
    if gate is None:
        raise ValueError("A request without its gate.")
    change = latest(case)
    payload = payload_rows(shown_payload(case.intent.texts))
    return Content(
        template="ask",
        subject=_subject(case, gate),
        headline=f"{verb(gate.task_type)} “{visible(gate.title)}”",
        reason=post_reason(case, gate, _number(case)) if case.delivery.is_post else _reason(case),
        facts=(*intent_facts(case), *_gate_facts(case, gate)),
        url=gate_url(case),
        link="Sign in, look at it and decide",
        decide_url=_own_link(case, gate),
        push=_push(case, gate),
        author=sender_name(case.intent),
        policy=_policy(gate),
        yes_by_link=link_accepts(gate.terms.body),
        conditions=tuple(conditions_of(gate)),
        quotes=(*quotes_of(change), *_quotes(gate)),
        tables=(*tables_of(change), fitting("What it wants to do", payload, PAYLOAD_BYTES), *_earlier(gate)),
        progress=(*_progress(gate), *_looking(gate, case)),
        silence=silence_sentence(gate, case.zone),
        warnings=_warnings(gate, payload),
        refusals=tuple(_refusals(gate, case)),
    )


def _own_link(case: Case, gate: Gate) -> str:
    """Only mail goes to one reader alone."""
    if case.person is None or case.delivery.channel != EMAIL:
        return ""
    return decide_url(case.person, gate, case.now)


def _subject(case: Case, gate: Gate) -> str:
    title = one_line(gate.title, TITLE_LIMIT)
    return f"{_prefix(case)}{verb(gate.task_type)} {title} ({case.intent.workspace}), {_until(case, gate)}"


def _push(case: Case, gate: Gate) -> str:
    """Verb, object and end: a phone shows little more of a message before it is opened."""
    target = "" if is_human(case.intent.to_agent) else f" on {one_line(case.intent.to_agent.rsplit('/', 1)[-1], 60)}"
    return f"{_prefix(case)}{verb(gate.task_type)} {title_beside_target(gate)}{target}, {_until(case, gate)}"


def _until(case: Case, gate: Gate) -> str:
    return f"by {case.when(gate.expires_at)}, else {silence_outcome(gate)}"


def _prefix(case: Case) -> str:
    if case.delivery.purpose == Purpose.REMINDER:
        return f"{_number(case)}: "
    if _is_change(case):
        return "Changed: "
    if case.delivery.is_post and case.delivery.purpose == Purpose.ESCALATION:
        return "Escalated: "
    return PREFIXES.get(case.delivery.purpose, "")


def _is_change(case: Case) -> bool:
    return case.delivery.event.event_type in CHANGES


def _number(case: Case) -> str:
    number, most = case.details.get("number"), case.details.get("of")
    return f"Reminder {number} of {most}" if number and most else "Reminder"


def _reason(case: Case) -> str:
    if case.delivery.purpose == Purpose.REMINDER:
        return f"{_number(case)}: this still waits for an answer, and you may give it."
    if case.delivery.purpose == Purpose.WARNING:
        return "The time for this is nearly over, and nobody has settled it so far."
    if case.delivery.purpose == Purpose.ESCALATION:
        return "This was escalated to you, because nobody has settled it so far."
    if case.delivery.purpose == Purpose.DELEGATION:
        whose = one_line(str(case.details.get("from")), 254)
        why = "is away" if case.details.get("why") == "absence" else "asked for it"
        return f"You are asked instead of {whose}, who {why}. You decide in your own name."
    if _is_change(case):
        return (
            "The request was changed while you were asked. Answers given before do not count: look again, and decide."
        )
    return "You are among those who may decide this."


def _gate_facts(case: Case, gate: Gate) -> tuple[Fact, ...]:
    by_request = bool(gate.terms.body.get("asked_by_request"))
    places = "" if case.delivery.is_post else posted_to(gate)
    return (
        *((Fact("Decide by", case.when(gate.expires_at)),) if gate.is_open else ()),
        Fact("Asked because", because(gate.source, by_request=by_request), minor=True),
        *((Fact("Also posted to", places, minor=True),) if places else ()),
        Fact("Fingerprint", short_digest(gate.digest), minor=True),
    )


def _policy(gate: Gate) -> Quote | None:
    """What an admin wrote for whoever decides; values of the request stand in it in quotation marks."""
    words = visible(gate.ask.instructions).strip()
    by = f"an admin{BY_VALUES if gate.ask.quotes_payload else ''}"
    return Quote("The policy says", words, by) if words else None


def _quotes(gate: Gate) -> tuple[Quote, ...]:
    description = visible(gate.ask.description).strip()
    return (Quote("Description", description),) if description else ()


def _earlier(gate: Gate) -> Iterable[Table]:
    shown = gate.ask.earlier[:MOST_EARLIER]
    for entry in shown:
        title = f"Earlier result of {one_line(str(entry.get('step_id')), 64)}, by {one_line(str(entry.get('by')), 255)}"
        yield fitting(title, payload_rows(entry.get("result")), EARLIER_BYTES // len(shown))
    if len(gate.ask.earlier) > len(shown):
        yield Table("More earlier results", (), "The page shows them all.")


def _progress(gate: Gate) -> Iterable[str]:
    for line in progress(gate):
        voters = f" ({names(line.voters)})" if line.voters else ""
        may = f" May decide: {names(line.people)}." if gate.is_open else ""
        yield f"{label(line.who)}: {line.have} of {line.need} agreed{voters}.{may}"


def _looking(gate: Gate, case: Case) -> Iterable[str]:
    for claim in live_claims(gate, case.now):
        until = case.when(claim.until)
        yield f"{one_line(claim.person.name, 120)} is looking at it (until {until}; anybody may still answer)."


def _refusals(gate: Gate, case: Case) -> Iterable[str]:
    """What people said no to lately, of the same program, type and target."""
    for past in earlier_refusals(gate, case.now)[:MOST_EARLIER]:
        at = case.when(past.closed_at or past.expires_at)
        for vote in past.decisions.all():
            if vote.outcome_class != OutcomeClass.YES and vote.taken_back_at is None:
                why = f": {one_line(vote.text.comment, REFUSAL_LIMIT)}" if vote.text.comment else ""
                yield f"{spoken(vote.outcome)} by {one_line(vote.person.name, 120)}, {at}{why}"


def _warnings(gate: Gate, payload: Iterable[Row]) -> tuple[str, ...]:
    texts = [gate.title, gate.ask.description, *(f"{row.path} {row.text}" for row in payload)]
    mixed = list(dict.fromkeys(word for text in texts for word in mixed_script_words(text)))[:MOST_WARNED]
    if not mixed:
        return ()
    words = ", ".join(f"“{one_line(word, 40)}”" for word in mixed)
    return (f"Look closely: {words} mixes letters of different alphabets that look alike.",)
