"""Command lines and web pages send texts; here they become what the form asks for."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from approvals.forms.shape import choices_of, effective, properties_of, required_of, types_of
from intents.digest import canonical
from intents.strictjson import MAX_INTEGER, JsonRefused, parse

_INTEGER = re.compile(r"[+-]?[0-9]{1,16}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,3})?")
_TRUTH = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}
_NARROWING = ("format", "enum", "const", "pattern", "minLength")
_MAX_DEPTH = 24


def coerce(schema: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with texts turned into numbers, truth values, lists and objects where the schema wants those.

    What cannot be turned stays, for validate to name. An empty text in an optional field that cannot be empty is
    no answer.
    """
    return _object(schema, effective(schema, schema), fields, 0)


def with_approved(schema: Any, fields: dict[str, Any], approved: bool) -> dict[str, Any]:
    """The fields with `approved`, if the form declares it, set by the outcome's class, whatever was sent there."""
    if "approved" in properties_of(effective(schema, schema)):
        return {**fields, "approved": approved}
    return fields


def posted(schema: Any, values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields of a web form: no checkbox sent means no, an empty input no answer, a multiple choice is a list."""
    fields: dict[str, Any] = {}
    for name, node in properties_of(effective(schema, schema)).items():
        sent, wanted = values.get(name, ()), types_of(effective(schema, node))
        if wanted == {"boolean"} and not choices_of(effective(schema, node)):
            fields[name] = bool(sent) and _TRUTH.get(sent[-1].lower(), True)
        elif wanted == {"array"} and sent and not sent[-1].lstrip().startswith("["):
            fields[name] = [value for value in sent if value]
        elif sent and sent[-1]:
            fields[name] = sent[-1]
    return coerce(schema, fields)


def _object(root: Any, shape: dict[str, Any], fields: dict[str, Any], depth: int) -> dict[str, Any]:
    declared, required = properties_of(shape), required_of(shape)
    read: dict[str, Any] = {}
    for name, value in fields.items():
        inner = effective(root, declared.get(name))
        if value == "" and name not in required and _cannot_be_empty(inner):
            continue
        read[name] = _value(root, inner, value, depth)
    return read


def _cannot_be_empty(shape: dict[str, Any]) -> bool:
    wanted = types_of(shape)
    return (
        bool(wanted)
        and ("string" not in wanted or any(keyword in shape for keyword in _NARROWING))
        and "" not in choices_of(shape)
    )


def _value(root: Any, shape: dict[str, Any], value: Any, depth: int) -> Any:
    if isinstance(value, str):
        value = _read(shape, value)
    if depth < _MAX_DEPTH and isinstance(value, dict):
        return _object(root, shape, value, depth + 1)
    if depth < _MAX_DEPTH and isinstance(value, list):
        inner = effective(root, shape.get("items"))
        return [_value(root, inner, each, depth + 1) for each in value]
    return value


def _read(shape: dict[str, Any], text: str) -> Any:
    choices = choices_of(shape)
    if text in choices:
        return text
    for choice in choices:
        if isinstance(choice, bool | int | float) and _written(choice) == text:
            return choice
    wanted = types_of(shape)
    return text if "string" in wanted else _converted(wanted, text)


def _written(choice: float) -> str:
    """A number as the page writes it in a choice; one that JSON cannot carry is never meant."""
    try:
        return canonical(choice).decode()
    except ValueError:
        return ""


def _converted(wanted: set[str], text: str) -> Any:
    bare = text.strip()
    if wanted & {"integer", "number"} and _INTEGER.fullmatch(bare) and abs(int(bare)) <= MAX_INTEGER:
        return int(bare)
    if "number" in wanted and _NUMBER.fullmatch(bare) and math.isfinite(float(bare)):
        return float(bare)
    if "boolean" in wanted and bare.lower() in _TRUTH:
        return _TRUTH[bare.lower()]
    if wanted & {"object", "array"} and bare[:1] in ("{", "["):
        return _parsed(text)
    return text


def _parsed(text: str) -> Any:
    try:
        return parse(text.encode())
    except (JsonRefused, UnicodeEncodeError):
        return text
