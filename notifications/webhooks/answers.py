"""What a receiver's answer means. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from notifications.channels.base import Dead, Retry, Sent
from notifications.outbound import Answer

GONE = 410
IN_TROUBLE = (429, 502, 503, 504)
"""The receiver as a whole, and not this message: it is left alone for a while."""


@dataclass(frozen=True)
class Gone:
    """The receiver wants nothing more, ever."""

    why: str


def fate_of(answer: Answer, now: datetime) -> Sent | Retry | Dead | Gone:
    """Any 2xx is a yes, 410 ends the subscription, everything else is tried again."""
    status = answer.status
    if 200 <= status < 300:
        return Sent(str(status))
    if status == GONE:
        return Gone("The receiver answered 410: it wants nothing more.")
    if 300 <= status < 400:
        return Retry(
            0, f"The receiver answered {status}: redirects are not followed. Subscribe with the final address."
        )
    after = seconds_of(answer.headers.get("retry-after", ""), now)
    return Retry(after, f"The receiver answered {status}.", account=status in IN_TROUBLE)


def seconds_of(retry_after: str, now: datetime) -> float:
    """A Retry-After in seconds or as a date (RFC 9110, 10.2.3); 0 if it is neither, or in the past."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
