"""Whether a schema leaves nothing open: no field without a name, no value of a kind that it does not say. Pure."""

from __future__ import annotations

from typing import Any

from intents.jsonschemas.refs import resolve


def open_place(schema: dict[str, Any]) -> str | None:
    """The first place (a JSON pointer) where anything may stand; None if the schema is closed throughout."""
    return _open(schema, schema, "")


def _open(node: Any, root: dict[str, Any], place: str) -> str | None:
    if node is False:
        return None
    if not isinstance(node, dict):
        return place or "/"
    if "const" in node or "enum" in node:
        return None
    if "$ref" in node:
        return _open(resolve(root, node["$ref"]), root, place)
    for word in ("anyOf", "oneOf"):
        if word in node and "type" not in node:
            return _first(_open(each, root, f"{place}/{word}/{at}") for at, each in enumerate(node[word]))
    return _typed(node, root, place)


def _typed(node: dict[str, Any], root: dict[str, Any], place: str) -> str | None:
    named = node.get("type")
    types = [named] if isinstance(named, str) else named or []
    if not types:
        return place or "/"
    if "object" in types:
        if node.get("additionalProperties") is not False:
            return f"{place}/additionalProperties"
        fields = node.get("properties", {})
        found = _first(_open(each, root, f"{place}/properties/{name}") for name, each in fields.items())
        if found is not None:
            return found
    return _items(node, root, place) if "array" in types else None


def _items(node: dict[str, Any], root: dict[str, Any], place: str) -> str | None:
    if "items" not in node:
        return f"{place}/items"
    parts = [
        ("items", node["items"]),
        *((f"prefixItems/{at}", each) for at, each in enumerate(node.get("prefixItems", []))),
    ]
    return _first(_open(each, root, f"{place}/{name}") for name, each in parts)


def _first(found: Any) -> str | None:
    return next((place for place in found if place is not None), None)
