"""What a field is, seen through references and alternatives: for showing and reading it, not for validation."""

from contextlib import suppress
from typing import Any

from intents.jsonschemas.refs import resolve

_COMBINING = ("$ref", "allOf", "anyOf", "oneOf")
_HOPS = 12
_MOST = 200
_TYPE_NAMES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def effective(root: Any, node: Any, hops: int = _HOPS) -> dict[str, Any]:
    """The field's keywords with `$ref`, a lone `allOf`, `X or null` and lists of constants folded in.

    `{}` for what says nothing. Never raises, whatever the schema.
    """
    if not isinstance(node, dict) or hops == 0:
        return {}
    folded: dict[str, Any] = {}
    for part in _parts(root, node):
        folded |= effective(root, part, hops - 1)
    folded |= _alternatives(root, node, hops)
    return folded | {keyword: value for keyword, value in node.items() if keyword not in _COMBINING}


def types_of(shape: dict[str, Any]) -> set[str]:
    """The types a field may have, null left out; guessed from its choices if it names none. Empty: anything."""
    named = shape.get("type")
    if isinstance(named, str):
        return {named} - {"null"}
    if isinstance(named, list):
        return {name for name in named if isinstance(name, str)} - {"null"}
    return {
        _TYPE_NAMES[type(choice)] for choice in choices_of(shape) if choice is not None and type(choice) in _TYPE_NAMES
    }


def choices_of(shape: dict[str, Any]) -> list[Any]:
    """The values of `enum` or `const`; empty if the field is free."""
    if "const" in shape:
        return [shape["const"]]
    listed = shape.get("enum")
    return listed if isinstance(listed, list) else []


def properties_of(shape: dict[str, Any]) -> dict[str, Any]:
    """The declared properties, in the schema's order."""
    declared = shape.get("properties")
    return declared if isinstance(declared, dict) else {}


def required_of(shape: dict[str, Any]) -> set[str]:
    """The names of properties that must be there."""
    named = shape.get("required")
    return {name for name in named if isinstance(name, str)} if isinstance(named, list) else set()


def _parts(root: Any, node: dict[str, Any]) -> list[Any]:
    parts: list[Any] = []
    ref = node.get("$ref")
    if isinstance(ref, str) and ref.startswith("#"):
        with suppress(LookupError):
            parts.append(resolve(root, ref))
    every = node.get("allOf")
    return parts + every if isinstance(every, list) and len(every) == 1 else parts


def _alternatives(root: Any, node: dict[str, Any], hops: int) -> dict[str, Any]:
    """One real alternative is the field itself; several constants are its choices; else only the types are known."""
    listed = [each for keyword in ("anyOf", "oneOf") if isinstance(node.get(keyword), list) for each in node[keyword]]
    shapes = [effective(root, each, hops - 1) for each in listed[:_MOST]]
    real = [shape for shape in shapes if shape.get("type") != "null"]
    if len(real) == 1:
        return real[0]
    if real and all("const" in shape for shape in real):
        return {"enum": [shape["const"] for shape in real], "labels": [shape.get("title") for shape in real]}
    types = [types_of(shape) for shape in real]
    return {"type": sorted(set().union(*types))} if types and all(types) else {}
