"""Forms that a program attaches to a gate: small JSON Schemas, answers checked in bounded time, fields to render."""

from approvals.forms.coercion import coerce, posted, with_approved
from approvals.forms.inputs import Input, inputs
from approvals.forms.limits import check_schema
from intents.jsonschemas.limits import SchemaRefused
from intents.jsonschemas.validation import FieldError, validate

__all__ = [
    "FieldError",
    "Input",
    "SchemaRefused",
    "check_schema",
    "coerce",
    "inputs",
    "posted",
    "validate",
    "with_approved",
]
