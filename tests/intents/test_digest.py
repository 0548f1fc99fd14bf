import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from intents.digest import Field, canonical, chain_hash, digest_of, frame
from intents.lifecycle import Status

FIELDS = st.lists(st.one_of(st.none(), st.integers(), st.text(), st.binary())).map(tuple)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)

ODD = st.floats() | st.integers() | st.text() | st.sampled_from([Status.WAITING, (1, "x"), "\x7f\x1f\u2028", {1: 2}])


def unframed(raw: bytes) -> tuple[Field, ...]:
    fields: list[Field] = []
    while raw:
        letter, size = raw[:1], int.from_bytes(raw[1:9], "big")
        content, raw = raw[9 : 9 + size], raw[9 + size :]
        fields.append(unpacked(letter, content))
    return tuple(fields)


def unpacked(letter: bytes, content: bytes) -> Field:
    match letter:
        case b"i":
            return int(content)
        case b"s":
            return content.decode()
    return content if letter == b"b" else None


def test_canonical_sorts_names_by_utf16_when_beyond_the_bmp() -> None:
    value = {"\ufb33": 1, "\U0001f600": 2, "a": [1.0, 1e21, None, True]}

    assert canonical(value) == '{"a":[1,1e+21,null,true],"\U0001f600":2,"\ufb33":1}'.encode()


@given(
    st.one_of(JSON, st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
)
def test_canonical_is_rfc_8785_whatever_the_value_holds(value: object) -> None:
    assert outcome(canonical, value) == outcome(rfc8785.dumps, value)


def outcome(write: Callable[[Any], bytes], value: object) -> bytes | str:
    """What it comes to, a refusal included."""
    try:
        return write(value)
    except ValueError:
        return "refused"


def test_digest_is_known_value_when_the_object_is_empty() -> None:
    assert digest_of({}) == "sha256:" + sha256(b"{}").hexdigest()


@given(JSON)
def test_digest_is_the_same_when_keys_come_in_another_order(value: object) -> None:
    assert digest_of({"x": value, "y": 1}) == digest_of({"y": 1, "x": value})


def test_canonical_raises_value_error_when_json_cannot_carry_it() -> None:
    for value in (2**53, float("nan"), "\ud800", {"\ud800": 1}, {1: 1}, {1, 2}):
        with pytest.raises(ValueError, match=r"."):
            canonical(value)


@given(FIELDS)
def test_frame_can_be_read_back_whatever_the_fields(fields: tuple[Field, ...]) -> None:
    read = unframed(frame(*fields))

    assert read == fields
    assert [type(field) for field in read] == [type(field) for field in fields]


@given(FIELDS, FIELDS)
def test_frame_differs_when_any_field_differs(one: tuple[Field, ...], two: tuple[Field, ...]) -> None:
    assert (frame(*one) == frame(*two)) == (one == two)


@pytest.mark.parametrize(
    ("one", "two"),
    [((None,), ("",)), ((1,), ("1",)), (("ab", "c"), ("a", "bc")), ((b"a",), ("a",)), ((), (None,)), (("",), ("", ""))],
)
def test_chain_hash_differs_when_only_the_shape_differs(one: tuple[Field, ...], two: tuple[Field, ...]) -> None:
    assert chain_hash(b"key", *one) != chain_hash(b"key", *two)


def test_chain_hash_is_an_hmac_of_the_frame_under_its_key() -> None:
    link = chain_hash(b"key", "intent", 7)

    assert link == hmac.new(b"key", frame("intent", 7), sha256).hexdigest()
    assert link != chain_hash(b"other", "intent", 7)


def test_chain_hash_refuses_when_the_key_is_empty_or_a_field_is_no_field() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        chain_hash(b"", "a")
    for field in (True, 1.5, ["a"]):
        with pytest.raises(TypeError):
            chain_hash(b"key", field)
