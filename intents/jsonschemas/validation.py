"""Whether the fields that somebody sent fit the schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from referencing.exceptions import Unresolvable

from intents.jsonschemas.budget import TooMuchWork, budget
from intents.jsonschemas.rules import validator_for
from intents.jsonschemas.sentences import sentence
from intents.strictjson import JsonRefused, check
from intents.text import path_text

MAX_BYTES = 64 * 1024
MAX_NODES = 2_000
MAX_ERRORS = 20


@dataclass(frozen=True)
class FieldError:
    """A field's path, as in `approval.limit` (empty: the whole), and what is wrong with it."""

    path: str
    message: str


Errors = list[FieldError]


def validate(schema: dict[str, Any], fields: Any, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES) -> Errors:
    """Up to 20 errors, in the schema's order; an empty list means that the fields fit.

    The schema has passed check_schema. What cannot be checked within the budget counts as wrong, never as right.
    """
    try:
        check(fields, max_bytes=max_bytes, max_nodes=max_nodes)
    except JsonRefused as fault:
        return [FieldError("", str(fault))]
    try:
        with budget():
            return list(islice(_errors(schema, fields), MAX_ERRORS))
    except (TooMuchWork, Unresolvable, RecursionError):
        return [FieldError("", "This is too large to be checked against its schema; send fewer or shorter entries.")]


def _errors(schema: dict[str, Any], fields: Any) -> Iterator[FieldError]:
    """Keywords that complain about the same field in the same words are one error."""
    told: dict[FieldError, None] = {}
    for fault in validator_for(schema).iter_errors(fields):
        error = FieldError(path_text(tuple(fault.absolute_path)), sentence(fault))
        if error not in told:
            told[error] = None
            yield error
