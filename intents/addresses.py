"""Agent addresses: `agent://org/workspace/name`, or shorter forms read inside the key's workspace. Pure."""

from __future__ import annotations

import re

SCHEME = "agent://"
_PART = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}$")


class BadAddress(ValueError):
    """The text is no agent address."""


def split(address: str) -> list[str]:
    """One to three parts. BadAddress if a part is empty or has other characters than letters, digits, `_ . -`."""
    parts = address.strip().removeprefix(SCHEME).split("/")
    if not 1 <= len(parts) <= 3 or not all(_PART.match(part) for part in parts):
        raise BadAddress(f"{address!r} is no agent address. Write agent://org/workspace/name, or just the name.")
    return parts


def full(address: str, org: str, workspace: str) -> str:
    """The address in full. One part is a name here; two parts keep only the name, as older clients write them."""
    parts = split(address)
    if len(parts) == 3:
        return SCHEME + "/".join(parts)
    return f"{SCHEME}{org}/{workspace}/{parts[-1]}"


def is_human(address: str) -> bool:
    """True for `human` and every address that ends in it: people are asked, no agent works."""
    return split(address)[-1] == "human"


def matches(patterns: list[str], value: str) -> bool:
    """True if a pattern equals `value` or ends in `*` and is its beginning."""
    return any(value.startswith(p[:-1]) if p.endswith("*") else p == value for p in patterns)
