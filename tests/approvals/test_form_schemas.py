import time
from typing import Any

import pytest

from approvals.forms import SchemaRefused, check_schema
from tests.approvals.form_samples import CHANGE, Schema, form


def numbered(count: int, pattern: str | None = None) -> Schema:
    shapes = [{"pattern": f"{pattern}{n}"} if pattern else {} for n in range(count)]
    return {"type": "object", "properties": {f"p{n}": shape for n, shape in enumerate(shapes)}}


def nested(levels: int) -> Schema:
    schema: Schema = {"type": "object", "properties": {}}
    for _ in range(levels - 1):
        schema = form(a=schema)
    return schema


def refused(schema: Any) -> SchemaRefused:
    with pytest.raises(SchemaRefused) as caught:
        check_schema(schema)
    return caught.value


@pytest.mark.parametrize(
    ("schema", "code", "place"),
    [
        (True, "schema_invalid", ""),
        ({}, "schema_invalid", ""),
        ([], "schema_invalid", ""),
        ({"type": "string"}, "schema_invalid", ""),
        ({"type": ["object", "null"]}, "schema_invalid", ""),
        ({"type": "object", "properties": []}, "schema_invalid", "/properties"),
        (form(a={"type": "text"}), "schema_invalid", "/properties/a/type"),
        (form(a={"minimum": "1"}), "schema_invalid", "/properties/a/minimum"),
        (form(a="string"), "schema_invalid", "/properties/a"),
        ({"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}, "schema_invalid", "/$schema"),
        (form(approved={"type": "string"}), "schema_invalid", "/properties/approved"),
        (form(a={"const": 2**53}), "schema_invalid", "/properties/a/const"),
        (form(a={"description": "x" * 16384}), "schema_too_large", ""),
        (numbered(200), "schema_too_many_nodes", "/properties/p99"),
        (nested(13), "schema_too_deep", "/properties/a" * 12),
        (form(a={"patternProperties": {}}), "schema_keyword", "/properties/a/patternProperties"),
        (form(a={"unevaluatedItems": False}), "schema_keyword", "/properties/a/unevaluatedItems"),
        ({"type": "object", "unevaluatedProperties": False}, "schema_keyword", "/unevaluatedProperties"),
        (form(a={"items": {"$dynamicRef": "#x"}}), "schema_keyword", "/properties/a/items/$dynamicRef"),
        ({"type": "object", "$id": "https://example.org/form"}, "schema_keyword", "/$id"),
        (form(a={"$anchor": "x"}), "schema_keyword", "/properties/a/$anchor"),
        (form(a={"$ref": "https://example.org/s"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "other.json#/a"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "file:///etc/passwd"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "#named"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "#/$defs/nothing"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "#/required/-1"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"$ref": "#"}), "schema_ref", "/properties/a/$ref"),
        (form(a={"items": {"$ref": "#/properties/%61"}}), "schema_ref", "/properties/a/items/$ref"),
        (form(a={"pattern": "(?=a)"}), "schema_pattern", "/properties/a/pattern"),
        (form(a={"pattern": r"(a)\1"}), "schema_pattern", "/properties/a/pattern"),
        (form(a={"pattern": "["}), "schema_pattern", "/properties/a/pattern"),
        (form(a={"pattern": "a" * 501}), "schema_pattern", "/properties/a/pattern"),
        (form(a={"pattern": r"\pL{1,100}"}), "schema_pattern", "/properties/a/pattern"),
        (numbered(9, r"\pL\pL\pL"), "schema_pattern", "/properties/p2/pattern"),
    ],
)
def test_check_schema_refuses_with_code_and_place(schema: Any, code: str, place: str) -> None:
    fault = refused(schema)

    assert (fault.code, fault.place) == (code, place)
    assert fault.sentence in str(fault)


def test_check_schema_takes_a_form_at_its_limits() -> None:
    check_schema(CHANGE)
    check_schema(nested(12))
    check_schema(numbered(199))
    check_schema({"properties": {"$id": {"type": "string"}, "patternProperties": {"enum": ["$ref"]}}})


def test_check_schema_takes_references_when_they_come_back_from_beside() -> None:
    check_schema(form(a={"$ref": "#/$defs/x"}, b={"$ref": "#/$defs/x"}) | {"$defs": {"x": {"type": "string"}}})


def test_check_schema_refuses_when_references_double_at_each_level() -> None:
    levels: Schema = {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(30)}
    began = time.perf_counter()

    fault = refused(form(a={"$ref": "#/$defs/l0"}) | {"$defs": {**levels, "l30": {}}})

    assert fault.code in ("schema_too_deep", "schema_too_many_nodes")
    assert time.perf_counter() - began < 0.5
