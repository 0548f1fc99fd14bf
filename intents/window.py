"""What a stream's client asks for in the query. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from intents.errors import Invalid

LARGEST_SINCE = 2**53 - 1
LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Window:
    """Only what comes after `since`, for `seconds`, in these statuses (none: all)."""

    since: int = 0
    seconds: int = 15
    statuses: frozenset[str] = frozenset()


def window_of(query: bytes) -> Window:
    """Invalid (422) if `since` or `wait_seconds` is no whole number in its bounds."""
    given = {name: values[-1] for name, values in parse_qs(query.decode("latin1")).items()}
    return Window(
        since=_whole(given, "since", 0, 0, LARGEST_SINCE),
        seconds=_whole(given, "wait_seconds", 15, 1, LONGEST_SECONDS),
        statuses=frozenset(part.strip().upper() for part in given.get("status", "").split(",") if part.strip()),
    )


def _whole(given: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and low <= int(text) <= high):
        raise Invalid(f"{name} is a whole number from {low} to {high}; got {text[:40]!r}.", code=f"invalid_{name}")
    return int(text)
