"""Canonical bytes, digests and the keyed links of the history chain."""

import hmac
import json
from hashlib import sha256
from typing import Any

import rfc8785

Field = str | int | bytes | None

LARGEST = 2**53 - 1
_in_order = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def canonical(value: Any) -> bytes:
    """The one byte string that stands for a JSON value (RFC 8785).

    Equal values give equal bytes whatever the order of their keys. Raises ValueError for what JSON cannot carry.
    """
    return _in_order(value).encode() if _is_plain(value) else rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:
    """True where Python's own encoder, a tenth of the work, writes the same: no fractions, and names in ASCII."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is dict:
            if not ({*map(type, part)} <= {str} and "".join(part).isascii()):
                return False
            waiting += part.values()
        elif kind is list:
            waiting += part
        elif kind is int:
            if not -LARGEST <= part <= LARGEST:
                return False
        elif kind is not str and kind is not bool and part is not None:
            return False
    return True


def digest_of_bytes(text: bytes) -> str:
    """`sha256:` and the hex digest of bytes that are canonical already."""
    return "sha256:" + sha256(text).hexdigest()


def digest_of(value: Any) -> str:
    """`sha256:` and 64 hex digits over the canonical bytes."""
    return "sha256:" + sha256(canonical(value)).hexdigest()


def frame(*fields: Field) -> bytes:
    """Fields as bytes: for each a type letter, eight bytes of length, and its content.

    Different fields never give the same bytes.
    """
    return b"".join(_framed(field) for field in fields)


def chain_hash(key: bytes, *fields: Field) -> str:
    """HMAC-SHA-256 (RFC 2104) over the framed fields, in hex. Without the key nobody can write a link that fits."""
    if not key:
        raise ValueError("The chain needs a key; an empty one would let anybody forge the history.")
    return hmac.new(key, frame(*fields), sha256).hexdigest()


def _framed(field: Field) -> bytes:
    letter, content = _tagged(field)
    return letter + len(content).to_bytes(8, "big") + content


def _tagged(field: Field) -> tuple[bytes, bytes]:
    match field:
        case None:
            return b"n", b""
        case bool():
            raise TypeError("A truth value would be taken for 0 or 1: write it as a word.")
        case int():
            return b"i", str(field).encode()
        case str():
            return b"s", field.encode()
        case bytes():
            return b"b", field
    raise TypeError(f"A field is a text, a whole number, bytes or None, not {type(field).__name__}.")
