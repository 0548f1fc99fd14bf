from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.forms import coerce, posted, with_approved
from tests.approvals.form_samples import CHANGE, Schema, form


@pytest.mark.parametrize(
    ("shape", "sent", "read"),
    [
        ({"type": "integer"}, " 5 ", 5),
        ({"type": "integer"}, "-5", -5),
        ({"type": "integer"}, "5.5", "5.5"),
        ({"type": "integer"}, "\u0665", "\u0665"),
        ({"type": "integer"}, "9" * 400, "9" * 400),
        ({"type": "number"}, "1.5e3", 1500.0),
        ({"type": "number"}, "7", 7),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "number"}, "1,5", "1,5"),
        ({"type": "number"}, "nan", "nan"),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "on", True),
        ({"type": "boolean"}, "No", False),
        ({"type": "boolean"}, "maybe", "maybe"),
        ({"type": "string"}, "5", "5"),
        ({"type": ["string", "integer"]}, "5", "5"),
        ({"type": ["integer", "null"]}, "5", 5),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "5", 5),
        ({"allOf": [{"$ref": "#/$defs/n"}]}, "5", 5),
        ({"$ref": "#/$defs/n", "title": "N"}, "5", 5),
        ({"enum": [1, 2.5, True, "1"]}, "1", "1"),
        ({"enum": [1, 2.5, True]}, "2.5", 2.5),
        ({"enum": [1, 2.5, True]}, "true", True),
        ({"type": "array", "items": {"type": "integer"}}, '["1", 2]', [1, 2]),
        ({"type": "array"}, "1, 2", "1, 2"),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, '{"n": "3"}', {"n": 3}),
        ({"type": "object"}, '{"a": 1, "a": 2}', '{"a": 1, "a": 2}'),
        ({}, "5", "5"),
        (True, "5", "5"),
    ],
)
def test_coerce_reads_a_text_as_what_the_form_wants(shape: Any, sent: Any, read: Any) -> None:
    schema = form(x=shape) | {"$defs": {"n": {"type": "integer"}}}

    result = coerce(schema, {"x": sent, "other": "5"})

    assert result == {"x": read, "other": "5"}
    assert type(result["x"]) is type(read)


def test_coerce_takes_an_empty_text_for_no_answer_when_it_cannot_be_one() -> None:
    schema = form(
        ["n"],
        n={"type": "integer"},
        m={"type": "integer"},
        s={"type": "string"},
        d={"type": "string", "format": "date"},
        e={"enum": ["a"]},
    )

    assert coerce(schema, {"n": "", "m": "", "s": "", "d": "", "e": "", "x": ""}) == {"n": "", "s": "", "x": ""}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["", "1", "true", "[1]", '{"a":"1"}', "#/a", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null", 7])
SHAPES: st.SearchStrategy[Any] = st.recursive(
    JSON,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, max_size=2),
            "properties": st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3) | JSON,
            "required": st.lists(st.sampled_from(["a", "b"]), max_size=2) | JSON,
            "items": inner,
            "enum": st.lists(JSON, max_size=3) | JSON,
            "anyOf": st.lists(inner, max_size=2) | JSON,
            "oneOf": st.lists(inner, max_size=2),
            "allOf": st.lists(inner, max_size=1),
            "$ref": st.sampled_from(["#", "#/properties/a", "#/properties/b", "#/items", "#/x"]) | JSON,
            "const": JSON,
            "format": JSON,
        },
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), JSON, max_size=4)


@settings(max_examples=300, deadline=None)
@given(SHAPES, FIELDS)
def test_coerce_never_raises_and_is_done_after_once(schema: Any, fields: Schema) -> None:
    once = coerce(schema, fields)

    assert repr(coerce(schema, once)) == repr(once)


@pytest.mark.parametrize("sent", ["true", "false", False, None, 7])
def test_with_approved_overrules_what_was_sent_when_the_form_declares_it(sent: Any) -> None:
    assert with_approved(CHANGE, {"approved": sent, "tier": "gold"}, False) == {"approved": False, "tier": "gold"}
    assert with_approved(CHANGE, {}, True) == {"approved": True}
    assert with_approved(form(), {"approved": sent}, True) == {"approved": sent}


def test_posted_reads_a_web_form() -> None:
    schema = form(
        n={"type": "integer"},
        yes={"type": "boolean"},
        no={"type": "boolean"},
        s={"type": "string"},
        m={"type": "array", "items": {"enum": ["a", "b"]}},
    )

    fields = posted(schema, {"n": ["3"], "yes": ["on"], "s": [""], "m": ["a", "b"], "csrf": ["x"]})

    assert fields == {"n": 3, "yes": True, "no": False, "m": ["a", "b"]}
    assert posted(schema, {"m": ['["b"]']})["m"] == ["b"]
