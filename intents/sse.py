"""The text of a server-sent event stream, as stock AXP clients parse it. Pure.

Data is ASCII-only JSON: a raw U+2028 or its kin would split the line and lose the event.
"""

from __future__ import annotations

import json
from typing import Any

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
KEEPALIVE = b": keepalive\n\n"


def frame(event: dict[str, Any]) -> bytes:
    """One event with its id and its name."""
    return f"id: {event['seq']}\nevent: {event['event_type']}\ndata: {_ascii(event)}\n\n".encode("ascii")


def timeout(next_seq: int) -> bytes:
    """The clean end of a stream on which nothing final happened."""
    return f"event: stream.timeout\ndata: {_ascii({'ok': True, 'next_seq': next_seq})}\n\n".encode("ascii")


def _ascii(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
