"""The note to whoever a policy wants told: that people are asked, and later what they said. It asks nothing."""

from __future__ import annotations

from approvals.directory import label
from approvals.models import Gate
from approvals.report import summary_for
from approvals.selectors import silence_sentence
from approvals.terms import names_in
from approvals.text import one_line, visible
from notifications.case import Case
from notifications.content import Content
from notifications.facts import gate_url, intent_facts, sender_name
from notifications.wording import spoken

TITLE_LIMIT = 80
NOTHING_TO_DO = "The policy wants you told. There is nothing for you to decide."


def note(case: Case) -> Content:
    """Needs the case's gate, open or closed."""
    gate = case.gate
    if gate is None:
        raise ValueError("A note about a gate without its gate.")
    title = one_line(gate.title, TITLE_LIMIT)
    word = "People are asked" if gate.is_open else spoken(gate.outcome)
    return Content(
        template="news",
        subject=f"{word}: {title} ({case.intent.workspace})",
        headline=f"{word}: {title}",
        reason=f"{NOTHING_TO_DO}\n{_state(gate, case)}",
        facts=intent_facts(case),
        url=gate_url(case),
        link="See where it stands",
        author=sender_name(case.intent),
    )


def _state(gate: Gate, case: Case) -> str:
    if gate.is_open:
        return f"{label(names_in(gate.terms.body))} may decide. {silence_sentence(gate, case.zone)}"
    return visible(summary_for(gate, case.when(gate.closed_at) if gate.closed_at else ""))
