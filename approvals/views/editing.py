"""The form in which whoever decides edits what the policy lets them edit: one field each, typed as text or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from approvals.models import Gate
from approvals.services.edit import FILLABLE, fields_of, value_at
from approvals.views.offers import Tried
from intents.digest import canonical
from intents.masking import shown_payload
from intents.strictjson import JsonRefused, parse

NAME = "field-{}"


@dataclass(frozen=True)
class EditField:
    """A field of the form. `fills`: whoever changes only such fields may still agree."""

    name: str
    path: str
    text: str
    fills: bool


def edit_fields(gate: Gate, tried: Tried) -> list[EditField]:
    """Those that the policy names, as they are or as somebody has just typed them."""
    payload = shown_payload(gate.intent.texts)
    fills = gate.terms.body.get(FILLABLE, [])
    typed: Mapping[str, str] = tried.typed if tried.act == "edit" else {}
    return [
        EditField(name, path, typed.get(name, text_of(value_at(payload, path))), path in fills)
        for name, path in ((NAME.format(number), path) for number, path in enumerate(fields_of(gate)))
    ]


def edited_values(gate: Gate, posted: Mapping[str, str]) -> dict[str, Any]:
    """By path, what is not as it was."""
    payload = shown_payload(gate.intent.texts)
    changes = {}
    for number, path in enumerate(fields_of(gate)):
        before, text = value_at(payload, path), posted.get(NAME.format(number))
        if text is not None and text != text_of(before):
            changes[path] = value_of(text, before)
    return changes


def text_of(value: Any) -> str:
    """A text as it is, nothing as an empty field, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value).decode()


def value_of(text: str, before: Any) -> Any:
    """What was typed: a text where one stood before, otherwise JSON if it is any."""
    if isinstance(before, str):
        return text
    try:
        return parse(text.encode(errors="surrogatepass"))
    except JsonRefused:
        return text
