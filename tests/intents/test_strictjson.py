import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.digest import canonical
from intents.strictjson import MAX_INTEGER, JsonRefused, check, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
NUMBERS = st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(-1e15, 1e15) | st.floats(1e21, 1e300)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def refused(raw: bytes, **limits: int) -> JsonRefused:
    with pytest.raises(JsonRefused) as caught:
        parse(raw, **limits)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b'{"a": 1, "a": 1}', "json_duplicate_key", "/a"),
        (b'{"x": [0, {"b": 1, "\\u0062": 2}]}', "json_duplicate_key", "/x/1/b"),
        (b'{"a": {"b": 1, "b": 2}, "a": 3}', "json_duplicate_key", "/a"),
        (b'{"\\ud800": 1, "\\ud800": 1}', "json_duplicate_key", "/\\ud800"),
        (b'{"a/b": {"~": NaN}}', "json_number", "/a~1b/~0"),
        (b"[Infinity]", "json_number", "/0"),
        (b"[-Infinity]", "json_number", "/0"),
        (b"[1e999]", "json_number", "/0"),
        (b"[0, -1e999]", "json_number", "/1"),
        (b"[9007199254740992]", "json_number", "/0"),
        (b"[-9007199254740992]", "json_number", "/0"),
        (b"[9007199254740992.0]", "json_number", "/0"),
        (b"[1e20]", "json_number", "/0"),
        (b"[" + b"9" * 5000 + b"]", "json_number", "/0"),
        (b'["\\ud800"]', "json_text", "/0"),
        (b'{"\\udc00": 1}', "json_text", ""),
        (b'["\\u0000"]', "json_text", "/0"),
        (b'{"a\\u0000": 1}', "json_text", ""),
        (b'["\xff"]', "json_text", "byte 2"),
        (b'["\xed\xa0\x80"]', "json_text", "byte 2"),
        (b"\xef\xbb\xbf{}", "json_text", "byte 0"),
        ('{"a": 1}'.encode("utf-16-le"), "json_invalid", "character 1"),
        (b"", "json_invalid", "character 0"),
        (b'{"a": }', "json_invalid", "character 6"),
        (b"{} {}", "json_invalid", "character 3"),
        (b"{'a': 1}", "json_invalid", "character 1"),
        (b"[1,]", "json_invalid", "character 3"),
        (b"[01]", "json_invalid", "character 2"),
        (b'["a\nb"]', "json_invalid", "character 3"),
        (b'["abc', "json_invalid", "character 1"),
    ],
)
def test_parse_refuses_with_code_and_place_when_readers_could_differ(raw: bytes, code: str, place: str) -> None:
    fault = refused(raw)

    assert (fault.code, fault.place) == (code, place)
    assert fault.sentence in str(fault)


def test_parse_takes_the_text_when_everything_is_at_its_limit() -> None:
    text = '{"min": -9007199254740991, "max": 9007199254740991, "pair": "\\ud83d\\ude00", "tiny": 1e-400, "far": 1e300}'

    value = parse(text.encode())

    assert value == {"min": -MAX_INTEGER, "max": MAX_INTEGER, "pair": "\U0001f600", "tiny": 0.0, "far": 1e300}


def test_parse_counts_depth_outside_of_strings_only() -> None:
    assert parse(b'["[[[[\\"[[["]', max_depth=1) == ['[[[["[[[']
    assert parse(b"[" * 32 + b"]" * 32)
    assert refused(b"[" * 33 + b"]" * 33).place == "byte 32"


@pytest.mark.parametrize("raw", [b"[" * 200_000, b'{"a":' * 60_000, b"[" * 100_000 + b"]" * 100_000])
def test_parse_refuses_instead_of_recursing_when_input_is_a_tower(raw: bytes) -> None:
    assert refused(raw).code == "json_too_deep"


@pytest.mark.parametrize(
    "raw", [b'"' + b'\\"' * 250_000, b'"' * 500_000, b'"' + b"\\" * 500_001, b"[" + b'"a",' * 120_000 + b"]"]
)
def test_parse_answers_soon_when_strings_are_hostile(raw: bytes) -> None:
    began = time.perf_counter()

    refused(raw)

    assert time.perf_counter() - began < 1


def test_parse_counts_bytes_and_nodes() -> None:
    assert parse(b"[1,2]", max_nodes=3, max_bytes=5) == [1, 2]
    assert refused(b"[1,2]", max_bytes=4).code == "json_too_large"
    assert refused(b"[1,2,3]", max_nodes=3).code == "json_too_many_nodes"


@given(st.binary(max_size=200))
def test_parse_never_raises_anything_else_whatever_the_bytes(raw: bytes) -> None:
    with suppress(JsonRefused):
        check(parse(raw))


@given(JSON)
def test_canonical_bytes_are_taken_again_when_the_value_was_taken(value: Any) -> None:
    taken = parse(json.dumps(value).encode())

    again = parse(canonical(taken))

    assert again == taken
    assert canonical(again) == canonical(taken)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a": float("inf")}, "json_number"),
        ([2**53], "json_number"),
        (["\ud800"], "json_text"),
        ({1: "a"}, "json_invalid"),
        ([(1, 2)], "json_invalid"),
        ([b"a"], "json_invalid"),
    ],
)
def test_check_refuses_what_parse_refuses_when_value_is_already_parsed(value: Any, code: str) -> None:
    with pytest.raises(JsonRefused) as caught:
        check(value)

    assert caught.value.code == code


def test_check_refuses_when_too_large_too_deep_or_endless() -> None:
    endless: list[Any] = []
    endless.append(endless)

    for value, code in (
        (["a" * 100], "json_too_large"),
        (endless, "json_too_deep"),
        (list(range(20)), "json_too_many_nodes"),
    ):
        with pytest.raises(JsonRefused) as caught:
            check(value, max_bytes=99, max_depth=9, max_nodes=12)
        assert caught.value.code == code
