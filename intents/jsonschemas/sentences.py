"""What is wrong with a field, said to whoever filled it in."""

from typing import Any

from jsonschema.exceptions import ValidationError

from intents.digest import canonical
from intents.jsonschemas.formats import FORMATS
from intents.text import one_line

_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "yes or no (true or false)",
    "array": "a list",
    "object": "a group of fields",
    "null": "empty",
}
_SHOWN_CHOICES = 10
_BOUNDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
    "minProperties": "must have at least {} fields",
    "maxProperties": "must have at most {} fields",
    "minContains": "must have at least {} entries of the wanted kind",
    "maxContains": "must have at most {} entries of the wanted kind",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "pattern": "must match the pattern {}",
    "const": "must be {}",
}
_FIXED = {
    "required": "is required",
    "dependentRequired": "is required here",
    "additionalProperties": "is not a known field",
    "uniqueItems": "must not have the same entry twice",
    "contains": "must have an entry of the wanted kind",
    "not": "has a value that is excluded",
    "oneOf": "must fit exactly one of the allowed alternatives",
}


def sentence(fault: ValidationError) -> str:
    """A few words that follow the field's name; what the schema's author wrote is made visible and cut."""
    keyword, wanted = str(fault.validator), fault.validator_value
    if fault.instance == "" and keyword in ("type", "enum", "format", "minLength"):
        return "is required"
    if keyword in _BOUNDS:
        return _BOUNDS[keyword].format(_quoted(wanted))
    if keyword in _FIXED:
        return _FIXED[keyword]
    return _told(keyword, wanted, fault)


def _told(keyword: str, wanted: Any, fault: ValidationError) -> str:
    if keyword == "type":
        names = [wanted] if isinstance(wanted, str) else wanted
        return "must be " + " or ".join(_TYPES.get(name, name) for name in names)
    if keyword == "enum":
        return _one_of(wanted)
    if keyword == "format" and wanted in FORMATS:
        return FORMATS[wanted][1]
    if keyword == "anyOf" and fault.context:
        return f"fits none of the allowed alternatives (the first one: {sentence(fault.context[0])})"
    return "is not allowed here"


def _one_of(choices: list[Any]) -> str:
    shown = ", ".join(_quoted(choice) for choice in choices[:_SHOWN_CHOICES])
    return f"must be one of: {shown}" + (
        f" and {len(choices) - _SHOWN_CHOICES} more" if len(choices) > _SHOWN_CHOICES else ""
    )


def _quoted(value: Any) -> str:
    return one_line(value if isinstance(value, str) else canonical(value).decode(), 80)
