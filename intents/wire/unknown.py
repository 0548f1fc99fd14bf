"""Which fields of a body nobody will read: a warning on the wire, never an error."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

HARMLESS = frozenset(("from_agent", "idempotency_key", "correlation_id", "title", "description"))
"""Fields that clients send as a matter of course and that are read elsewhere or meant for people alone."""


class NoFields(serializers.Serializer[dict[str, Any]]):
    """A body of which nothing is read."""


def unknown_warnings(body: dict[str, Any], form: serializers.Serializer[Any]) -> list[str]:
    """One sentence for each field, with its path, that `form` and the forms inside it do not have."""
    return [f"The field {path!r} is not known and was ignored." for path in _unknown(body, form, "")]


def _unknown(body: dict[str, Any], form: serializers.Serializer[Any], path: str) -> list[str]:
    found = [f"{path}{name}" for name in sorted(set(body) - set(form.fields) - HARMLESS)]
    for name, field in form.fields.items():
        value = body.get(name)
        if isinstance(field, serializers.Serializer) and isinstance(value, dict):
            found += _unknown(value, field, f"{path}{name}.")
        elif isinstance(field, serializers.ListSerializer) and isinstance(value, list):
            found += _in_list(value, field.child, f"{path}{name}")
    return found


def _in_list(items: list[Any], form: Any, path: str) -> list[str]:
    inside = [(at, item) for at, item in enumerate(items) if isinstance(item, dict)]
    return [found for at, item in inside for found in _unknown(item, form, f"{path}[{at}].")]
