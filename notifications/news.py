"""The messages that ask nothing: an outcome, whom it waits for, a note that a program left."""

from __future__ import annotations

from datetime import UTC, datetime

from approvals.models import Gate
from approvals.report import summary_for
from approvals.selectors import silence_sentence, waiting_sentence
from approvals.text import one_line, payload_rows, visible
from intents.lifecycle import Status, is_final
from notifications.case import Case
from notifications.content import Content, Fact, Quote, Table
from notifications.cutting import fitting
from notifications.facts import intent_facts, intent_url, sender_name
from notifications.wording import spoken

TITLE_LIMIT = 80
NOTE_LIMIT = 4000
RESULT_BYTES = 20_000
SUMMARY_LIMIT = 3000


def outcome(case: Case) -> Content:
    """How it ended: the whole intent, or one gate of it while the intent goes on."""
    word, summary = _ending(case) if is_final(case.intent.status) else _gate_ending(case)
    what = one_line(case.gate.title if case.gate else case.intent.intent_type, TITLE_LIMIT)
    return Content(
        template="news",
        subject=f"{word}: {what} ({case.intent.workspace})",
        headline=f"{word}: {what}",
        reason=visible(summary)[:SUMMARY_LIMIT],
        facts=(*intent_facts(case), Fact("Status for programs", case.intent.status)),
        url=intent_url(case),
        link="See what happened",
        author=sender_name(case.intent),
        tables=_result(case),
    )


def waiting(case: Case) -> Content:
    """Whom it waits for now, and until when: people, or a program that nobody runs."""
    return _waits_for_people(case, case.gate) if case.gate else _waits_for_agent(case)


def _waits_for_people(case: Case, gate: Gate) -> Content:
    who, until = waiting_sentence(gate), case.when(gate.expires_at)
    what = one_line(gate.title, TITLE_LIMIT)
    return Content(
        template="news",
        subject=f"Waits for {who}, until {until}: {what} ({case.intent.workspace})",
        headline=f"Waits for {who}",
        reason=f"“{what}” was asked for you. {silence_sentence(gate, case.zone)}",
        facts=(*intent_facts(case), Fact("Waits for", who), Fact("Until", until)),
        url=intent_url(case),
        link="See where it stands",
        author=sender_name(case.intent),
    )


def _waits_for_agent(case: Case) -> Content:
    """Work lies ready, and no program takes it."""
    agent = one_line(str(case.details.get("agent") or case.intent.to_agent), 383)
    return Content(
        template="news",
        subject=f"Nobody works on it: {one_line(case.intent.intent_type, TITLE_LIMIT)} ({case.intent.workspace})",
        headline="A program that should do this is not running",
        reason=f"{agent} does not listen. It takes the work as soon as it does; start it, or withdraw the request.",
        facts=(
            *intent_facts(case),
            Fact("Last seen", _last_seen(case)),
            Fact("Waits until", case.when(case.intent.deadline_at)),
        ),
        url=intent_url(case),
        link="See where it stands",
    )


def notification(case: Case) -> Content:
    """A note in the words of a program: the subject says so, so that it cannot pose as a request."""
    sender = sender_name(case.intent)
    subject = one_line(str(case.details.get("subject") or "(no subject)"), TITLE_LIMIT)
    body = visible(str(case.details.get("body") or ""))
    cut = len(body) > NOTE_LIMIT
    note = Quote(subject, f"{body[:NOTE_LIMIT]}…" if cut else body)
    return Content(
        template="news",
        subject=f"Note from {sender}: {subject} ({case.intent.workspace})",
        headline=f"A note from {sender}",
        reason="A program sent you this. There is nothing to decide."
        + (" It is cut here; the page shows everything in full." if cut else ""),
        facts=intent_facts(case),
        url=intent_url(case),
        link="See where it comes from",
        author=sender,
        quotes=(note,),
    )


def _ending(case: Case) -> tuple[str, str]:
    """A word and a sentence for the end of the intent."""
    status, details = case.intent.status, case.details
    summary = _in_own_time(case, str(details.get("summary") or f"This ended as {status}."))
    if status == Status.COMPLETED:
        return ("Approved" if details.get("gates") and details.get("approved") else "Done"), summary
    if status == Status.TIMED_OUT:
        return "Not approved in time" if details.get("gates") else "Timed out", summary
    return spoken(str(details.get("outcome") or status)), summary


def _in_own_time(case: Case, summary: str) -> str:
    """What the record says in UTC of how its last gate ended."""
    gate = case.gate
    if gate is None or gate.closed_at is None or case.zone == UTC:
        return summary
    return summary.replace(summary_for(gate, ""), summary_for(gate, case.when(gate.closed_at)))


def _gate_ending(case: Case) -> tuple[str, str]:
    gate = case.gate
    if gate is None:
        return "News", "The page shows where it stands."
    summary = summary_for(gate, case.when(gate.closed_at) if gate.closed_at else "")
    return spoken(gate.outcome), f"{summary} The request goes on."


def _result(case: Case) -> tuple[Table, ...]:
    result = case.details.get("result")
    return (fitting("What the program reported", payload_rows(result), RESULT_BYTES),) if result else ()


def _last_seen(case: Case) -> str:
    seen = case.details.get("last_seen")
    return case.when(datetime.fromisoformat(seen)) if isinstance(seen, str) else "never"
