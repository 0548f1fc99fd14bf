"""The policy's words to people, with whitelisted names put in: once, in one line each, and with nothing secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from approvals.conduct import secret_in
from approvals.models import Person
from approvals.rulebook.asks import LONGEST_TITLE
from approvals.rulebook.fields import overlap
from approvals.substitution import PAYLOAD, names_in_template, substituted
from approvals.text import one_line
from intents.digest import canonical
from intents.ids import parse_id
from intents.models import Intent, Step

LONGEST = 100
SECRET = "(secret)"  # noqa: S105  what stands in its place


@dataclass(frozen=True)
class About:
    """The request that the words are about. `requester`: an opaque id or "". `secret`: what any of its gates hides."""

    type: str
    target: str
    sender: str
    requester: str
    workspace: str
    payload: dict[str, Any]
    secret: tuple[str, ...] = ()

    def filled(self, texts: Iterable[str], secret: Iterable[str]) -> list[str]:
        """The texts with their names put in. Nothing is evaluated, and what was put in is not looked at again."""
        found, hidden = list(texts), [*secret, *self.secret]
        values = {name: self._value(name, hidden) for text in found for name in names_in_template(text)}
        return [substituted(text, values) for text in found]

    def _value(self, name: str, secret: list[str]) -> str:
        if not name.startswith(PAYLOAD):
            return self._requester() if name == "requester" else one_line(str(getattr(self, name, "")), LONGEST)
        if any(overlap(name, path) for path in secret):
            return SECRET
        return _shown(self.payload.get(name.removeprefix(PAYLOAD)))

    def _requester(self) -> str:
        person_id = parse_id(self.requester)
        person = Person.objects.filter(pk=person_id).first() if person_id else None
        return one_line(person.name, LONGEST) if person else "nobody"


def about_intent(intent: Intent, payload: dict[str, Any]) -> About:
    """The same of an intent that was sent before, with this payload."""
    sender = intent.sender.service_account.name
    secret = tuple(intent.texts.secret)
    return About(intent.intent_type, intent.to_agent, sender, intent.requester, str(intent.workspace), payload, secret)


def refill(step: Step) -> bool:
    """Put today's payload into the words of a planned gate; False if none of them quotes it."""
    ask, secret = step.spec["ask"], secret_in(step.spec["terms"])
    raw = ask.get("words")
    if not raw or not ask.get("quotes_payload"):
        return False
    about = about_intent(step.intent, json.loads(step.intent.texts.payload))
    ask["instructions"] = in_paragraphs(about.filled(raw["instructions"], secret))
    if raw["title"]:
        ask["title"] = about.filled([raw["title"]], secret)[0][:LONGEST_TITLE]
    if not step._state.adding:
        step.save(update_fields=["spec"])
    return True


def in_paragraphs(texts: Iterable[str]) -> str:
    """Each text as a paragraph of its own."""
    return "\n\n".join(texts)


def quotes_payload(texts: Iterable[str]) -> bool:
    """True if the texts put in something that the sender wrote."""
    return any(name.startswith(PAYLOAD) for text in texts for name in names_in_template(text))


def _shown(value: Any) -> str:
    """In quotation marks, so that a sender's words do not pass for the policy's."""
    if isinstance(value, dict | list):
        return "(see the payload)"
    if value is None or value == "":
        return "(nothing)"
    return f"“{one_line(value if isinstance(value, str) else canonical(value).decode(), LONGEST)}”"
