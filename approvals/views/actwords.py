"""The sentences of the history about what people did on an open gate besides deciding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from approvals.report import PLACES
from approvals.text import one_line
from approvals.views.words import actor_words, utc
from intents.models import Event

Details = dict[str, Any]


def _who(details: Details) -> str:
    return one_line(str(details.get("name", "")), 200)


def _says(text: str) -> Callable[[Event, Details], str]:
    return lambda _event, details: f"{_who(details)} {text}"


def _question(_event: Event, details: Details) -> str:
    via = str(details.get("via", ""))
    return f"{_who(details)} asked the requester {PLACES.get(via, one_line(via, 40))}:"


def _answered(event: Event, _details: Details) -> str:
    return f"{actor_words(event.actor)} answered:"


def _extended(event: Event, details: Details) -> str:
    before, after = (datetime.fromisoformat(str(details[key])) for key in ("from", "to"))
    return f"{_who(details)} moved the deadline from {utc(before, event.at)} to {utc(after, event.at)}."


ACTS: Mapping[str, Callable[[Event, Details], str]] = {
    "question_asked": _question,
    "question_answered": _answered,
    "claimed": _says("is looking at it."),
    "claim_released": _says("is not looking at it any more."),
    "extended": _extended,
    "broke_glass": _says("broke the glass: nobody else had to agree."),
}
QUOTED = {
    "question_asked": "text",
    "question_answered": "text",
    "extended": "why",
    "broke_glass": "why",
    "amended": "why",
    "payload_edited": "why",
}
"""Where an event's details hold words that somebody wrote."""
