"""A form's fields as a web page shows them."""

import json
import math
from dataclasses import dataclass
from typing import Any, Literal

from approvals.forms.shape import choices_of, effective, properties_of, required_of, types_of
from approvals.text import one_line, visible
from intents.digest import canonical

Kind = Literal[
    "text", "textarea", "number", "integer", "checkbox", "select", "multiselect", "date", "email", "url", "json"
]
Value = str | bool | tuple[str, ...]

_BY_FORMAT: dict[str, Kind] = {
    "date": "date",
    "email": "email",
    "idn-email": "email",
    "uri": "url",
    "iri": "url",
    "textarea": "textarea",
}
_BY_TYPE: dict[str, Kind] = {"boolean": "checkbox", "integer": "integer", "number": "number", "string": "text"}
_LONG_TEXT = 255


@dataclass(frozen=True)
class Input:
    """One control. Texts are made visible except `name` and `value`, which go back to the server as they are."""

    name: str
    label: str
    kind: Kind
    required: bool
    help: str
    choices: tuple[tuple[str, str], ...]
    value: Value
    minimum: float | None
    maximum: float | None
    max_length: int | None


def inputs(schema: Any, values: dict[str, Any]) -> list[Input]:
    """The form's top-level fields in the schema's order, holding what was already answered.

    A `default` is named in the help and never filled in: a sender must not answer for the person. `approved` is left
    out, since the outcome fills it.
    """
    whole = effective(schema, schema)
    required = required_of(whole)
    fields = properties_of(whole).items()
    return [
        _input(schema, name, node, name in required, values.get(name)) for name, node in fields if name != "approved"
    ]


def _input(root: Any, name: str, node: Any, required: bool, value: Any) -> Input:
    shape = effective(root, node)
    kind = _kind(root, shape)
    listed = effective(root, shape.get("items")) if kind == "multiselect" else shape
    return Input(
        name=name,
        label=one_line(_text(shape.get("title"))) or one_line(name),
        kind=kind,
        required=required and kind != "checkbox",
        help=_help(shape),
        choices=_choices(listed) if kind in ("select", "multiselect") else (),
        value=_shown(kind, value),
        minimum=_bound(shape, "minimum", "exclusiveMinimum", kind, 1),
        maximum=_bound(shape, "maximum", "exclusiveMaximum", kind, -1),
        max_length=_length(shape),
    )


def _kind(root: Any, shape: dict[str, Any]) -> Kind:
    types = types_of(shape)
    if choices_of(shape):
        return "select"
    if types == {"array"} and choices_of(effective(root, shape.get("items"))):
        return "multiselect"
    if not types or types == {"string"}:
        return _text_kind(shape)
    if types <= {"integer", "number"}:
        return "number" if "number" in types else "integer"
    if len(types) == 1:
        return _BY_TYPE.get(types.pop(), "json")
    return "text" if "string" in types else "json"


def _text_kind(shape: dict[str, Any]) -> Kind:
    kind = _BY_FORMAT.get(_text(shape.get("format")), "text")
    long = (_length(shape) or 0) > _LONG_TEXT
    return "textarea" if kind == "text" and long else kind


def _choices(shape: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Each choice with the text that coerce reads back. A null is the empty choice that the page offers anyway."""
    values = choices_of(shape)
    given = shape.get("labels")
    labels = given if isinstance(given, list) and len(given) == len(values) else [None] * len(values)
    return tuple(
        (_sent(value), one_line(_text(label)) or one_line(_sent(value)))
        for value, label in zip(values, labels, strict=True)
        if value is not None
    )


def _shown(kind: Kind, value: Any) -> Value:
    if kind == "checkbox":
        return value is True
    if kind == "multiselect":
        return tuple(_sent(each) for each in value) if isinstance(value, list) else ()
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, indent=2, ensure_ascii=False) if kind == "json" else _sent(value)


def _sent(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _help(shape: dict[str, Any]) -> str:
    text = visible(_text(shape.get("description"))).strip()
    if "default" in shape:
        text += f"{' ' if text else ''}(suggested by the sender: {one_line(_sent(shape['default']), 80)})"
    return text


def _bound(shape: dict[str, Any], plain: str, exclusive: str, kind: Kind, step: int) -> float | None:
    """An exclusive bound of whole numbers is the next whole number; of others, validation alone knows it."""
    bounds = [_number(shape.get(plain))]
    beyond = _number(shape.get(exclusive))
    if kind == "integer" and beyond is not None:
        bounds.append((math.floor(beyond) if step > 0 else math.ceil(beyond)) + step)
    known = [bound for bound in bounds if bound is not None]
    return (max(known) if step > 0 else min(known)) if known else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _length(shape: dict[str, Any]) -> int | None:
    length = shape.get("maxLength")
    return int(length) if isinstance(length, int | float) and not isinstance(length, bool) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
