import time
from typing import Any

import pytest

from approvals.forms import FieldError, check_schema, validate
from tests.approvals.form_samples import CHANGE, Schema, form


def test_validate_finds_nothing_when_the_fields_fit() -> None:
    fields = {
        "approved": True,
        "approval": {"limit": 5, "due": "2026-02-28"},
        "hosts": ["db-1"],
        "tier": "gold",
        "more": None,
    }

    assert validate(CHANGE, fields) == []


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({}, "approval", "is required"),
        ({"approval": {}}, "approval.limit", "is required"),
        ({"approval": {"limit": ""}}, "approval.limit", "is required"),
        ({"approval": {"limit": "x"}}, "approval.limit", "must be a whole number"),
        ({"approval": {"limit": True}}, "approval.limit", "must be a whole number"),
        ({"approval": {"limit": 0}}, "approval.limit", "must be at least 1"),
        ({"approval": {"limit": 101}}, "approval.limit", "must be at most 100"),
        ({"approval": {"limit": 1, "due": "2026-02-30"}}, "approval.due", "must be a date, such as 2026-01-31"),
        ({"approval": {"limit": 1, "due": "20260228"}}, "approval.due", "must be a date, such as 2026-01-31"),
        ({"approval": {"limit": 1, "a.b": 1}}, 'approval["a.b"]', "is not a known field"),
        ({"approval": {"limit": 1}, "hosts": ["a", "B"]}, "hosts[1]", "must match the pattern ^[a-z0-9-]+$"),
        ({"approval": {"limit": 1}, "hosts": ["a\n"]}, "hosts[0]", "must match the pattern ^[a-z0-9-]+$"),
        ({"approval": {"limit": 1}, "hosts": ["a", "a"]}, "hosts", "must not have the same entry twice"),
        ({"approval": {"limit": 1}, "hosts": ["a", "b", "c", "d"]}, "hosts", "must have at most 3 entries"),
        ({"approval": {"limit": 1}, "hosts": "a"}, "hosts", "must be a list"),
        ({"approval": {"limit": 1}, "tier": "lead"}, "tier", "must be one of: gold, silver"),
    ],
)
def test_validate_names_the_field_and_the_fault(fields: Schema, path: str, message: str) -> None:
    assert validate(CHANGE, {"approved": True, **fields}) == [FieldError(path, message)]


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ({"type": ["string", "null"]}, 1, "must be a text or empty"),
        (
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "x",
            "fits none of the allowed alternatives (the first one: must be a whole number)",
        ),
        ({"oneOf": [{"type": "integer"}, {"minimum": 1}]}, 5, "must fit exactly one of the allowed alternatives"),
        ({"not": {"type": "string"}}, "x", "has a value that is excluded"),
        ({"const": {"a": 1}}, 2, 'must be {"a":1}'),
        ({"enum": list(range(12))}, 99, "must be one of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
        ({"enum": ["\u202egold"]}, "x", "must be one of: ⟨U+202E⟩gold"),
        ({"format": "email"}, "ana@", "must be an e-mail address"),
        ({"format": "uri"}, "example.org", "must be a full address, such as https://example.org/page"),
        (
            {"format": "date-time"},
            "2026-01-31T14:00:00",
            "must be a date and time with its offset, such as 2026-01-31T14:00:00Z",
        ),
        ({"minLength": 1}, "", "is required"),
        ({"uniqueItems": True}, [1, 1.0], "must not have the same entry twice"),
        (False, 1, "is not allowed here"),
    ],
)
def test_validate_speaks_to_a_person_whatever_the_keyword(shape: Any, value: Any, message: str) -> None:
    schema = form(x=shape)
    check_schema(schema)

    assert validate(schema, {"x": value}) == [FieldError("x", message)]


def test_validate_tells_true_from_one_when_entries_must_differ() -> None:
    assert validate(form(x={"uniqueItems": True}), {"x": [1, True, "1", None, 0, False, [], {}]}) == []


def test_validate_stops_at_twenty_errors() -> None:
    schema = form([f"p{n}" for n in range(50)])

    assert len(validate(schema, {})) == 20


@pytest.mark.parametrize("fields", [{"x": "\ud800"}, {"x": float("nan")}, {"x": "a" * 70_000}, {"x": [0] * 3_000}])
def test_validate_refuses_fields_when_they_are_no_strict_json(fields: Schema) -> None:
    assert [error.path for error in validate(form(), fields)] == [""]


HOSTILE: list[tuple[Any, Any]] = [
    ({"pattern": "(.*a){50}"}, "a" * 60_000 + "!"),
    ({"pattern": "(a+)+$"}, "a" * 60_000 + "!"),
    ({"allOf": [{"uniqueItems": True}] * 150}, [[n] for n in range(990)]),
    ({"items": {"enum": list(range(3000))}}, ["x"] * 1_990),
    ({"anyOf": [{"type": "object", "title": str(n)} for n in range(150)]}, "x" * 60_000),
    ({"items": {"allOf": [{"not": {"not": {"format": "email"}}}] * 20}}, ["a"] * 1_900),
    ({"propertyNames": {"pattern": "^a"}}, {f"b{n}": 1 for n in range(1_900)}),
    ({"items": {"anyOf": [{"type": "object"}, {"const": [1]}]}}, ["x" * 20_000, *["y"] * 1_000]),
    ({"items": {"multipleOf": 1e-300}}, [1e300] * 1_900),
]


@pytest.mark.parametrize(("shape", "value"), HOSTILE)
def test_validate_answers_in_time_when_form_and_fields_conspire(shape: Any, value: Any) -> None:
    schema = form(x=shape)
    check_schema(schema)
    began = time.process_time()

    validate(schema, {"x": value})

    # The promise is 50 ms; a busy test machine gets some air.
    assert time.process_time() - began < 0.2


def test_validate_says_so_when_a_form_is_too_much_work() -> None:
    levels: Schema = {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(30)}
    unchecked = form(a={"$ref": "#/$defs/l0"}, b={"$ref": "#/properties/b"}) | {"$defs": {**levels, "l30": {}}}

    for fields in ({"a": 1}, {"b": 1}):
        (error,) = validate(unchecked, fields)
        assert error.path == ""
        assert "too large" in error.message


def test_validate_fetches_nothing_when_a_reference_leaves_the_schema() -> None:
    for ref in ("http://127.0.0.1:1/x", "https://json-schema.org/draft/2020-12/schema", "file:///etc/hostname"):
        assert len(validate(form(a={"$ref": ref}), {"a": 1})) == 1


def test_validate_pays_for_each_entry_that_it_looks_at_though_nothing_is_asked_of_it() -> None:
    schema = {"type": "object", "properties": {"hosts": {"allOf": [{"items": {}}] * 12}}}
    check_schema(schema)

    errors = validate(schema, {"hosts": [1] * 1500})

    assert [error.path for error in errors] == [""]
