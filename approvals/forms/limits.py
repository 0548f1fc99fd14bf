"""Which JSON Schemas may be a form: those that are taken at all, and whose fields a person and a program can fill."""

from typing import Any

from approvals.forms.shape import effective, types_of
from intents.jsonschemas import limits
from intents.jsonschemas.limits import NO_OBJECT, SchemaRefused


def check_schema(schema: Any) -> None:
    """Refuse what is not an object schema of JSON Schema 2020-12 within our limits (SchemaRefused)."""
    limits.check_schema(schema)
    if not {"type", "properties"} & schema.keys():
        raise SchemaRefused("schema_invalid", NO_OBJECT)
    _check_approved(schema)


def _check_approved(schema: dict[str, Any]) -> None:
    """The server fills in this field from the outcome, so a form that wants something else there could never fit."""
    wanted = types_of(effective(schema, schema.get("properties", {}).get("approved", True)))
    if wanted and "boolean" not in wanted:
        sentence = "The field `approved` is filled from the outcome: make it a boolean, or give it another name."
        raise SchemaRefused("schema_invalid", sentence, "/properties/approved")
