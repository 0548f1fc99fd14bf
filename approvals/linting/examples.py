"""A few payloads that a schema allows: all fields, only what must be there, and each kind of value once. Pure."""

from __future__ import annotations

from itertools import islice
from typing import Any

from intents.jsonschemas.refs import resolve
from intents.jsonschemas.validation import validate

MOST = 40
SIMPLE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
Schema = dict[str, Any]


def examples_of(schema: Schema) -> list[dict[str, Any]]:
    """At most 40, and only such as the schema takes."""
    found = [each for each in islice(_values(schema, schema), 4 * MOST) if isinstance(each, dict)]
    fitting = [each for each in found if not validate(schema, each)]
    return [each for at, each in enumerate(fitting) if each not in fitting[:at]][:MOST]


def _values(node: Any, root: Schema) -> list[Any]:
    """Examples of one node, the fullest first."""
    if not isinstance(node, dict):
        return ["text"] if node else []
    if "$ref" in node:
        return _values(resolve(root, node["$ref"]), root)
    if "const" in node:
        return [node["const"]]
    if "enum" in node:
        return list(node["enum"])
    for word in ("anyOf", "oneOf"):
        if word in node and "type" not in node:
            return [value for each in node[word] for value in _values(each, root)]
    named = node.get("type", "string")
    types = [named] if isinstance(named, str) else named
    return [value for each in types for value in _of_type(each, node, root)]


def _of_type(name: str, node: Schema, root: Schema) -> list[Any]:
    if name == "object":
        return _objects(node, root)
    if name == "array":
        inside = _values(node.get("items", {}), root)[:2]
        least = node.get("minItems", 0)
        return [(inside * max(least, 1))[: max(least, 1)], []] if inside else [[]]
    if name in ("integer", "number"):
        return [node.get("minimum", node.get("maximum", SIMPLE[name]))]
    if name == "string":
        return ["text".ljust(node.get("minLength", 0), "x")[: node.get("maxLength", 100)]]
    return [SIMPLE[name]]


def _objects(node: Schema, root: Schema) -> list[dict[str, Any]]:
    """All fields, only what must be there, without each that may be missing, and each field's other values in turn."""
    choices = {name: _values(each, root) for name, each in node.get("properties", {}).items()}
    whole = {name: values[0] for name, values in choices.items() if values}
    needed = set(node.get("required", []))
    others = [whole | {name: value} for name, values in choices.items() for value in values[1:]]
    without = [{key: value for key, value in whole.items() if key != name} for name in whole if name not in needed]
    least = {name: value for name, value in whole.items() if name in needed}
    return [whole, least, *without, *others]
