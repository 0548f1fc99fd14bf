"""The forms of what people do besides answering: a question, somebody to hand it to, a later deadline. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from approvals.models import Person
from notifications.slack.actions import pack_act
from notifications.slack.blocks import Offer
from notifications.slack.inbound.form import MOST_OPTIONS, OPTION, TITLE, VALUE, option, plain, text_input
from notifications.slack.richtext import Json

ACTING = "act"
TEXT, TO, SECONDS = "text", "to", "seconds"
MAIN = {"ask": TEXT, "delegate": TO, "extend": TEXT}
"""The field of each form beside which its errors stand."""
TITLES = {"ask": "Ask a question", "delegate": "Hand it over", "extend": "Move the deadline"}


def ask_form(offer: Offer, place: Mapping[str, str], whom: str) -> Json:
    """To `whom` the question goes."""
    return _view(offer, place, [text_input(TEXT, f"Your question to {whom}", needed=True)])


def delegate_form(offer: Offer, place: Mapping[str, str], people: Sequence[Person]) -> Json:
    """One of those who may decide anyway; Slack shows a hundred."""
    options = [option(str(each.pk), f"{each.name}, {each.email}") for each in people[:MOST_OPTIONS]]
    return _view(offer, place, [_choose(TO, "Who is asked instead of you", options)])


def extend_form(offer: Offer, place: Mapping[str, str], steps: Sequence[tuple[int, str]]) -> Json:
    """By how much, and why."""
    options = [option(str(seconds), words) for seconds, words in steps]
    return _view(offer, place, [_choose(SECONDS, "By how much", options), text_input(TEXT, "Why", needed=True)])


def _view(offer: Offer, place: Mapping[str, str], blocks: list[Json]) -> Json:
    title = TITLES[offer.act.name]
    return {
        "type": "modal",
        "callback_id": ACTING,
        "title": plain(title, TITLE),
        "submit": plain(title, TITLE),
        "close": plain("Not now", TITLE),
        "private_metadata": json.dumps({"said": pack_act(offer.act), **place}),
        "blocks": blocks,
    }


def _choose(name: str, label: str, options: list[Json]) -> Json:
    element = {"type": "static_select", "action_id": VALUE, "options": options}
    return {"type": "input", "block_id": name, "label": plain(label, OPTION), "element": element}
