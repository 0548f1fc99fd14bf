"""What the server itself knows about an intent, as messages state it; and where to look at it."""

from __future__ import annotations

from django.conf import settings

from approvals.models import Gate, Person
from approvals.selectors import own_title
from approvals.text import one_line
from intents.ids import parse_id
from intents.models import Intent
from notifications.case import Case
from notifications.content import Fact

TITLE_LIMIT = 80


def sender_name(intent: Intent) -> str:
    """The program that asked, by the name that an admin gave it."""
    return one_line(intent.sender.service_account.name, 80)


def intent_facts(case: Case) -> tuple[Fact, ...]:
    """Where, who, what and for whom to do it."""
    intent = case.intent
    return (
        Fact("Workspace", str(intent.workspace)),
        Fact("Asked by", _asked_by(intent)),
        Fact("Wants", one_line(intent.intent_type, 255)),
        Fact("Sent to", one_line(intent.to_agent, 383)),
    )


def title_beside_target(gate: Gate) -> str:
    """Where the agent is named beside it: nobody's title names it too (`TYPE for infra-validator`)."""
    return one_line(gate.intent.intent_type if gate.title == own_title(gate.intent) else gate.title, TITLE_LIMIT)


def gate_url(case: Case) -> str:
    """The page of the gate, or of the intent where there is none. One signs in there; the link itself does nothing."""
    return f"{settings.BASE_URL}/gates/{case.gate.pk}" if case.gate else intent_url(case)


def intent_url(case: Case) -> str:
    """The page of the intent."""
    return f"{settings.BASE_URL}/intents/{case.intent.pk}"


def _asked_by(intent: Intent) -> str:
    program = f"{sender_name(intent)} (a program)"
    requester_id = parse_id(intent.requester)
    requester = Person.objects.filter(pk=requester_id).first() if requester_id else None
    return f"{program}, for {one_line(requester.name, 120)}" if requester else program
