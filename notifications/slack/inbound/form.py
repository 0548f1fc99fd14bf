"""The form of an answer in Slack: a comment, the fields that the gate asks for, evidence. Drawn, and read. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from approvals.forms import Input, inputs, posted
from approvals.outcomes import OutcomeClass
from approvals.services.answer import COMMENT_LIMIT, Answer
from approvals.text import one_line, path_text, visible
from notifications.slack.actions import pack
from notifications.slack.blocks import Choice
from notifications.slack.richtext import Json, block, line, text

DECIDING = "decide"
COMMENT, EVIDENCE, FIELD, VALUE = "comment", "evidence", "field-", "value"
MOST_FIELDS = 60
MOST_OPTIONS = 100
TITLE, LABEL, OPTION, TEXT = 24, 150, 75, 3000


@dataclass(frozen=True)
class Asked:
    """What the gate asks for with this answer. `question` is the one more before a yes on high risk."""

    schema: Any
    needs_comment: bool
    needs_evidence: bool
    question: str = ""


def fits(asked: Asked) -> bool:
    """True if Slack can show all of it."""
    fields = _fields(asked.schema)
    return len(fields) <= MOST_FIELDS and all(len(each.choices) <= MOST_OPTIONS for each in fields)


def form(choice: Choice, asked: Asked, headline: str, place: Mapping[str, str]) -> Json:
    """The view. `place`: channel and ts of the message on which the button stands."""
    yes = choice.cls == OutcomeClass.YES
    about = [line(text(one_line(headline, LABEL), bold=True))]
    warning = [line(text(f"\n⚠ {asked.question} This is of high risk."))] if asked.question else []
    return {
        "type": "modal",
        "callback_id": DECIDING,
        "title": plain(choice.label, TITLE),
        "submit": plain(choice.label, TITLE),
        "close": plain("Not now", TITLE),
        "private_metadata": json.dumps({"said": pack(choice.decide), **place}),
        "blocks": [
            block(*about, *warning),
            *([_field(number, each) for number, each in enumerate(_fields(asked.schema))] if yes else []),
            *([text_input(EVIDENCE, "Evidence, one piece on each line", needed=True)] if asked.needs_evidence else []),
            text_input(COMMENT, "Comment" if yes else "Why", needed=asked.needs_comment),
        ],
    }


def read(schema: Any, choice: Choice, state: Mapping[str, Any]) -> Answer:
    """What was filled in; U+0000, which no database stores, is dropped."""
    sent = {each.name: _of(each, sent_in(state, f"{FIELD}{number}")) for number, each in enumerate(_fields(schema))}
    given = {name: values for name, values in sent.items() if values}
    yes = schema is not None and choice.cls == OutcomeClass.YES
    evidence = "\n".join(sent_in(state, EVIDENCE)).split("\n")
    return Answer(
        outcome=choice.decide.outcome,
        comment="\n".join(sent_in(state, COMMENT)).strip(),
        fields=posted(schema, given) if yes else {},
        evidence=tuple(each.strip() for each in evidence if each.strip()),
        digest=choice.decide.digest,
    )


def errors(schema: Any, code: str, message: str, places: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the block beside which it is shown."""
    found: dict[str, str] = {}
    for number, each in enumerate(_fields(schema)):
        own = path_text((each.name,))
        said = [words for path, words in places.items() if path == own or path.startswith((f"{own}.", f"{own}["))]
        if said:
            found[f"{FIELD}{number}"] = "; ".join(said)
    return found or {EVIDENCE if code == "evidence_required" else COMMENT: message}


def _fields(schema: Any) -> list[Input]:
    return inputs(schema, {}) if schema is not None else []


def _field(number: int, each: Input) -> Json:
    drawn = {
        "type": "input",
        "block_id": f"{FIELD}{number}",
        "optional": not each.required,
        "label": plain(each.label, LABEL),
        "element": _element(each) | {"action_id": VALUE},
    }
    return drawn | ({"hint": plain(each.help, LABEL * 2)} if each.help else {})


def _element(each: Input) -> Json:
    if each.kind == "checkbox":
        return {"type": "checkboxes", "options": [option("true", "Yes")]}
    if each.kind in ("select", "multiselect") and each.choices:
        options = [option(str(number), label) for number, (_, label) in enumerate(each.choices)]
        return {"type": "static_select" if each.kind == "select" else "multi_static_select", "options": options}
    if each.kind == "date":
        return {"type": "datepicker"}
    most = min(each.max_length or TEXT, TEXT)
    return {"type": "plain_text_input", "multiline": each.kind in ("textarea", "json"), "max_length": max(most, 1)}


def text_input(name: str, label: str, *, needed: bool) -> Json:
    element = {"type": "plain_text_input", "multiline": True, "max_length": COMMENT_LIMIT, "action_id": VALUE}
    return {
        "type": "input",
        "block_id": name,
        "optional": not needed,
        "label": plain(label, LABEL),
        "element": element,
    }


def option(value: str, label: str) -> Json:
    return {"text": plain(label, OPTION), "value": value}


def sent_in(state: Mapping[str, Any], name: str) -> list[str]:
    """The texts of one input, however Slack writes its kind."""
    held = (state.get(name) or {}).get(VALUE) or {}
    options = [*(held.get("selected_options") or []), *filter(None, [held.get("selected_option")])]
    found = [option["value"] for option in options] + [held.get("value"), held.get("selected_date")]
    return [str(each).replace("\r\n", "\n").replace("\0", "") for each in found if each]


def _of(each: Input, texts: list[str]) -> list[str]:
    """Choices go by their number, as Slack takes no long values."""
    if not each.choices:
        return texts
    numbers = [int(text) for text in texts if text.isascii() and text.isdecimal()]
    return [each.choices[number][0] for number in numbers if number < len(each.choices)]


def plain(words: str, most: int) -> Json:
    shown = visible(words) or " "
    return {"type": "plain_text", "text": shown if len(shown) <= most else f"{shown[: most - 1]}…", "emoji": False}
