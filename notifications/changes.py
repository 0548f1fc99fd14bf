"""Messages about a payload that changes: what changed and why, or that somebody wants it changed."""

from __future__ import annotations

from approvals.changes import Difference, PayloadChange, changes_of
from approvals.text import Row, one_line, visible
from approvals.views.words import actor_words
from notifications.case import Case
from notifications.content import Content, Fact, Quote, Table
from notifications.cutting import fitting
from notifications.facts import intent_facts, intent_url, sender_name

TITLE_LIMIT = 80
BYTES = 20_000
PERSON = "person:"


def changed(case: Case) -> Content:
    """For the requester: somebody else changed what they had asked for."""
    last = latest(case)
    who = _who(last) if last else "Somebody"
    title = one_line(case.intent.intent_type, TITLE_LIMIT)
    void = [str(name) for name in case.details.get("votes_void") or []]
    return Content(
        template="news",
        subject=f"Changed by {who}: {title} ({case.intent.workspace})",
        headline=f"{who} changed your request",
        reason="Whoever has to agree is asked about what it is now."
        + (f" The answers of {one_line(', '.join(void), 300)} are void." if void else ""),
        facts=intent_facts(case),
        url=intent_url(case),
        link="See what it is now",
        author=sender_name(case.intent),
        quotes=quotes_of(last),
        tables=tables_of(last),
    )


def wanted(case: Case) -> Content:
    """For the requester: it was sent back, and waits until they have changed it."""
    who = one_line(str(case.details.get("name") or "Somebody"), TITLE_LIMIT)
    until = case.when(case.gate.expires_at) if case.gate else ""
    title = one_line(case.intent.intent_type, TITLE_LIMIT)
    return Content(
        template="news",
        subject=f"Changes wanted by {until}: {title} ({case.intent.workspace})",
        headline=f"{who} wants changes",
        reason="Nothing happens until you amend the request, on its page or through its program, or the time runs out.",
        facts=(*intent_facts(case), Fact("Waits until", until)),
        url=intent_url(case),
        link="Amend it",
        quotes=(Quote("What should change", visible(str(case.details.get("comment") or "")), by=who),),
    )


def latest(case: Case) -> PayloadChange | None:
    """The last change of the payload, if it ever changed. An open gate knows whether it did."""
    gate = case.gate
    if gate is not None and gate.is_open and not gate.digest_required:
        return None
    return next(iter(changes_of(case.intent)), None)


def quotes_of(change: PayloadChange | None) -> tuple[Quote, ...]:
    """Why it changed, in the words of whoever did it."""
    if change is None:
        return ()
    who = _who(change)
    return (Quote(f"Why {who} changed it", visible(change.reason), by=who if change.actor.startswith(PERSON) else ""),)


def tables_of(change: PayloadChange | None) -> tuple[Table, ...]:
    """What is different by it."""
    if change is None:
        return ()
    return (fitting(f"What {_who(change)} changed", [_row(each) for each in change.differences], BYTES),)


def _row(difference: Difference) -> Row:
    return Row(difference.path, difference.after.kind, f"{difference.after.text} (before: {difference.before.text})")


def _who(change: PayloadChange) -> str:
    return actor_words(change.actor)
