"""Which JSON Schemas are taken: small ones, that refer to nothing outside themselves and cannot take long."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from intents.digest import canonical
from intents.jsonschemas.patterns import PatternRefused, compiled
from intents.jsonschemas.refs import resolve
from intents.strictjson import JsonRefused, check
from intents.text import one_line

MAX_BYTES = 16 * 1024
MAX_DEPTH = 12
MAX_NODES = 200
MAX_PROGRAMS = 10_000
NO_OBJECT = 'The schema describes an object: give it `"type": "object"` and `properties`.'
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFUSED = (
    "patternProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$dynamicRef",
    "$dynamicAnchor",
    "$anchor",
    "$id",
)
_REFUSED_TOO = ("$recursiveRef", "$recursiveAnchor", "$vocabulary")
HOLDS_ONE = (
    "additionalProperties",
    "items",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
)
HOLDS_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
HOLDS_MAP = ("properties", "$defs", "definitions", "dependentSchemas")
_META = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=FormatChecker(formats=()))


class SchemaRefused(ValueError):
    """The schema is not taken. `code` names the limit, `sentence` what to change, `place` is a JSON pointer into it."""

    def __init__(self, code: str, sentence: str, place: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.place = place
        super().__init__(f"{sentence} (at {place})" if place else sentence)


def check_schema(schema: Any) -> None:
    """Refuse what is not an object schema of JSON Schema 2020-12 within our limits (SchemaRefused).

    Nodes are subschemas, counted and nested with each `$ref` replaced by what it points to.
    """
    try:
        check(schema, max_bytes=None)
    except JsonRefused as fault:
        raise SchemaRefused("schema_invalid", fault.sentence, fault.place) from None
    raw = canonical(schema)
    if len(raw) > MAX_BYTES:
        raise SchemaRefused("schema_too_large", f"The schema has {len(raw)} bytes; the limit is {MAX_BYTES}.")
    _accept(raw)


@lru_cache(maxsize=256)
def _accept(raw: bytes) -> None:
    """Programs send the same schema again and again; only refusals are worked out anew."""
    schema = json.loads(raw)
    _check_root(schema)
    _Walk(schema).visit(schema, "", 1, ())
    fault = next(_META.iter_errors(schema), None)
    if fault is not None:
        raise SchemaRefused("schema_invalid", f"This is not a JSON Schema: {one_line(fault.message)}.", _place(fault))


def _check_root(schema: Any) -> None:
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise SchemaRefused("schema_invalid", NO_OBJECT)
    if str(schema.get("$schema", DIALECT)).rstrip("#") != DIALECT:
        raise SchemaRefused(
            "schema_invalid",
            f"This has to be JSON Schema 2020-12: leave `$schema` out or set it to {DIALECT}.",
            "/$schema",
        )


def _place(fault: ValidationError) -> str:
    return "".join("/" + _escaped(step) for step in fault.absolute_path)


def _escaped(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _named(held: Any) -> Iterable[tuple[object, Any]]:
    """What a keyword holds; the meta-schema complains later if it is neither list nor object."""
    if isinstance(held, dict):
        return held.items()
    return enumerate(held) if isinstance(held, list) else ()


@dataclass
class _Walk:
    """One pass over the subschemas, references followed; it ends at the first limit, whatever the schema's shape."""

    root: dict[str, Any]
    nodes: int = 0
    programs: int = 0
    seen_patterns: set[str] = field(default_factory=set)

    def visit(self, node: Any, place: str, depth: int, above: tuple[int, ...]) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise SchemaRefused(
                "schema_too_many_nodes", f"The schema has more than {MAX_NODES} subschemas, references followed.", place
            )
        if depth > MAX_DEPTH:
            raise SchemaRefused(
                "schema_too_deep", f"The schema is nested deeper than {MAX_DEPTH} levels, references followed.", place
            )
        if isinstance(node, bool):
            return
        if not isinstance(node, dict):
            raise SchemaRefused("schema_invalid", "A schema is an object, true or false.", place)
        if id(node) in above:
            raise SchemaRefused("schema_ref", "A `$ref` leads back to itself; a schema cannot be endless.", place)
        self._check_keywords(node, place)
        self._check_pattern(node, place)
        for child, where in self._children(node, place):
            self.visit(child, where, depth + 1, (*above, id(node)))

    def _check_keywords(self, node: dict[str, Any], place: str) -> None:
        for keyword in (*_REFUSED, *_REFUSED_TOO):
            if keyword in node:
                raise SchemaRefused(
                    "schema_keyword", f"Schemas cannot use `{keyword}`; remove it.", f"{place}/{keyword}"
                )

    def _check_pattern(self, node: dict[str, Any], place: str) -> None:
        pattern = node.get("pattern")
        if not isinstance(pattern, str) or pattern in self.seen_patterns:
            return
        try:
            self.programs += compiled(pattern).programsize
        except PatternRefused as fault:
            raise SchemaRefused("schema_pattern", str(fault), f"{place}/pattern") from None
        if self.programs > MAX_PROGRAMS:
            raise SchemaRefused(
                "schema_pattern", "The patterns of the schema are too big together; simplify them.", f"{place}/pattern"
            )
        self.seen_patterns.add(pattern)

    def _children(self, node: dict[str, Any], place: str) -> Iterator[tuple[Any, str]]:
        for keyword in HOLDS_ONE:
            if keyword in node:
                yield node[keyword], f"{place}/{keyword}"
        for keyword in (*HOLDS_LIST, *HOLDS_MAP):
            for name, child in _named(node.get(keyword)):
                yield child, f"{place}/{keyword}/{_escaped(name)}"
        if "$ref" in node:
            yield self._target(node["$ref"], f"{place}/$ref"), f"{place}/$ref"

    def _target(self, ref: Any, place: str) -> Any:
        if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise SchemaRefused("schema_ref", "A `$ref` must point into this schema, as in `#/$defs/address`.", place)
        try:
            return resolve(self.root, ref)
        except LookupError:
            raise SchemaRefused(
                "schema_ref", f"The `$ref` {one_line(ref, 80)} points to nothing in this schema.", place
            ) from None
