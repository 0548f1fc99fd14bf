from typing import Any

import pytest

from approvals.forms import Input, check_schema, coerce, inputs
from tests.approvals.form_samples import CHANGE, Schema, form


def only_input(name: str = "x", values: Schema | None = None, required: bool = False, **shape: Any) -> Input:
    schema = form([name] if required else [], **{name: shape})
    check_schema(schema)
    return inputs(schema, values or {})[0]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ({"type": "string"}, "text"),
        ({}, "text"),
        ({"type": "string", "maxLength": 2000}, "textarea"),
        ({"type": "string", "format": "textarea"}, "textarea"),
        ({"type": "number"}, "number"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"type": "boolean"}, "checkbox"),
        ({"enum": ["a", 1]}, "select"),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, "select"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "multiselect"),
        ({"type": "array", "items": {"type": "string"}}, "json"),
        ({"type": "object", "properties": {"a": {}}}, "json"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "email"}, "email"),
        ({"type": "string", "format": "uri"}, "url"),
    ],
)
def test_inputs_choose_a_control_by_the_schema(shape: Schema, kind: str) -> None:
    assert only_input(**shape).kind == kind


def test_inputs_carry_everything_that_a_page_needs() -> None:
    shape = {
        "type": "integer",
        "title": "Limit\u202e",
        "description": "In euros",
        "exclusiveMinimum": 0,
        "maximum": 9,
        "default": 5,
    }

    shown = only_input("limit", {"limit": 7}, required=True, **shape)

    assert shown == Input(
        "limit",
        "Limit⟨U+202E⟩",
        "integer",
        True,
        "In euros (suggested by the sender: 5)",
        (),
        "7",
        minimum=1,
        maximum=9,
        max_length=None,
    )


def test_inputs_fill_in_nothing_when_nobody_has_answered() -> None:
    assert only_input(type="string", default="yes").value == ""
    assert only_input(type="boolean", default=True).value is False
    assert only_input(type="array", items={"enum": ["a"]}, default=["a"]).value == ()


def test_inputs_offer_choices_that_coerce_reads_back() -> None:
    schema = form(x={"enum": [1, True, "a", None]}, y={"oneOf": [{"const": 2, "title": "Two"}, {"const": "b"}]})

    x, y = inputs(schema, {"x": True, "y": 2})

    assert (x.choices, x.value) == ((("1", "1"), ("true", "true"), ("a", "a")), "true")
    assert (y.choices, y.value) == ((("2", "Two"), ("b", "b")), "2")
    assert coerce(schema, {"x": "true", "y": "2"}) == {"x": True, "y": 2}


def test_inputs_show_a_group_as_json_that_coerce_reads_back() -> None:
    schema, fields = form(g={"type": "object"}), {"g": {"a": [1, "é"]}}

    (shown,) = inputs(schema, fields)

    assert coerce(schema, {"g": shown.value}) == fields


def test_inputs_leave_out_the_field_that_the_outcome_fills() -> None:
    assert [shown.name for shown in inputs(CHANGE, {})] == ["approval", "hosts", "tier"]
