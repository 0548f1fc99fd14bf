"""The messages about what people did on an open gate besides deciding."""

from __future__ import annotations

from approvals.text import one_line, visible
from intents.ids import parse_id
from intents.models import Intent
from notifications.case import Case
from notifications.content import Content, Fact, Quote
from notifications.facts import gate_url, intent_facts, sender_name

TITLE_LIMIT = 80


def question(case: Case) -> Content:
    """Somebody asks whoever asked. The gate waits on, and so does its deadline."""
    who = one_line(str(case.details.get("name")), 120)
    return _news(
        case,
        f"Question from {who}",
        f"{who} asks you about this before it is decided. The deadline runs on: answer on the page.",
        Quote("The question", visible(str(case.details.get("text"))), by=who),
        link="Sign in and answer",
    )


def answer(case: Case) -> Content:
    """What was answered, under what was asked."""
    wanted = parse_id(str(case.details.get("question_id")))
    asked = case.gate.questions.filter(pk__in=[wanted]).first() if case.gate else None
    who, by = _answerer(case)
    own = (Quote("You asked", visible(asked.text), by="you"),) if asked else ()
    said = Quote("The answer", visible(str(case.details.get("text"))), by=by)
    return _news(case, f"Answer from {who}", f"{who} answered your question.", *own, said)


def extension(case: Case) -> Content:
    """The deadline is another one: what is printed in earlier messages does not hold any more."""
    who = one_line(str(case.details.get("name")), 120)
    until = case.when(case.gate.expires_at) if case.gate else ""
    said = Quote("Why", visible(str(case.details.get("why"))), by=who)
    return _news(case, f"More time, until {until}", f"{who} moved the deadline. Answers are taken until {until}.", said)


def glass(case: Case) -> Content:
    """Somebody let it pass alone. Whoever would have had to agree, and the admins, look at it afterwards."""
    who = one_line(str(case.details.get("name")), 120)
    said = Quote("Why", visible(str(case.details.get("why"))), by=who)
    reason = f"{who} broke the glass and let this pass alone, at {case.when(case.delivery.event.at)}. Nobody else "
    return _news(case, "Glass was broken", f"{reason}had to agree. If you did not expect it, look into it now.", said)


def _news(case: Case, what: str, reason: str, *quotes: Quote, link: str = "Look at it") -> Content:
    title = one_line(case.gate.title if case.gate else case.intent.intent_type, TITLE_LIMIT)
    until = (Fact("Decide by", case.when(case.gate.expires_at)),) if case.gate and case.gate.is_open else ()
    return Content(
        template="news",
        subject=f"{what}: {title} ({case.intent.workspace})",
        headline=f"{what}: {title}",
        reason=reason,
        facts=(*intent_facts(case), *until),
        url=gate_url(case),
        link=link,
        author=sender_name(case.intent),
        quotes=quotes,
    )


def _answerer(case: Case) -> tuple[str, str]:
    """Who answered, and the same if it was a person: a program's words are quoted as a program's."""
    actor = case.delivery.event.actor
    if actor.startswith("person:"):
        return (who := one_line(str(case.details.get("by")), 254)), who
    return _program(case.intent), ""


def _program(intent: Intent) -> str:
    return f"the program {sender_name(intent)}"
