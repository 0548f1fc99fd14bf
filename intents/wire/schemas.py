"""Reading and showing semantic schemas."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from intents.clock import iso
from intents.errors import Forbidden, Invalid
from intents.jsonschemas.limits import SchemaRefused, check_schema
from intents.models import Compatibility, SemanticSchema
from intents.services.schemas import WantedSchema
from intents.wire.create import AnyObject, OneLine, StrictText
from intents.wire.unknown import unknown_warnings

TYPE = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
HINT = "Write dotted lower-case words, like intent.infra.deploy.v1."


class NewSchema(serializers.Serializer[dict[str, Any]]):
    """A type, its schema, and what a next version may change."""

    semantic_type = serializers.RegexField(TYPE, max_length=255, error_messages={"invalid": HINT})
    schema_json = AnyObject()
    compatibility_mode = serializers.ChoiceField(choices=Compatibility.values)
    schema_ref = OneLine(max_length=255, required=False, allow_blank=True, allow_null=True)
    scope = serializers.ChoiceField(choices=("tenant", "core"), default="tenant")
    active = serializers.BooleanField(default=True)
    owner_agent = StrictText(max_length=383, required=False, allow_blank=True, allow_null=True)


def read_schema(body: dict[str, Any]) -> tuple[WantedSchema, list[str]]:
    """The wanted schema, and warnings. Forbidden for the scope `core`; Invalid for a schema beyond the limits."""
    form = NewSchema(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    if data["scope"] == "core":
        raise Forbidden("Schemas of the scope core belong to the server. Take the scope tenant.", code="core_schema")
    try:
        check_schema(data["schema_json"])
    except SchemaRefused as error:
        details = {"place": error.place, "limit": error.code}
        raise Invalid(f"schema_json: {error}", code="invalid_schema", details=details) from error
    ref = data.get("schema_ref") or ""
    wanted = WantedSchema(
        data["semantic_type"], data["schema_json"], data["compatibility_mode"], ref, bool(data["active"])
    )
    return wanted, unknown_warnings(body, form)


def schema_json(row: SemanticSchema) -> dict[str, Any]:
    """A version without the schema itself."""
    return {
        "semantic_type": row.semantic_type,
        "version": row.version,
        "schema_ref": row.schema_ref or None,
        "schema_hash": row.schema_hash,
        "compatibility_mode": row.compatibility_mode,
        "scope": "tenant",
        "owner_agent": row.made_by,
        "active": row.is_active,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }
