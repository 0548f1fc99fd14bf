"""What a provider's event means for a mail and its address. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from approvals.text import one_line

WHY_LIMIT = 300
TEMPORARY = re.compile(r"\b4\d\d\b|\b4\.\d{1,3}\.\d{1,3}\b|\b(transient|temporary|soft ?bounce)", re.IGNORECASE)
LATER = (RejectReason.TIMED_OUT, RejectReason.BLOCKED, RejectReason.OTHER)


class Report(Enum):
    """HARD: this address takes no mail. SOFT: not this time. COMPLAINT: its reader wants none."""

    HARD = "hard bounce"
    SOFT = "soft bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Bounce:
    """One report about one mail, which the provider names by `reference`."""

    report: Report
    reference: str
    why: str


def bounce_of(event: AnymailTrackingEvent) -> Bounce | None:
    """None for what is no news about an address: delivered, opened, or delayed while the provider goes on trying."""
    report = _report(event)
    if report is None or not event.message_id:
        return None
    words = event.mta_response or event.description or event.reject_reason or ""
    return Bounce(report, event.message_id, one_line(f"{report.value}: {words}".rstrip(": "), WHY_LIMIT))


def _report(event: AnymailTrackingEvent) -> Report | None:
    """4yz and what calls itself temporary is soft, also where the provider has given up on it (RFC 3463)."""
    if event.event_type in (EventType.COMPLAINED, EventType.UNSUBSCRIBED):
        return Report.COMPLAINT
    if event.event_type == EventType.FAILED:
        return Report.SOFT
    if event.event_type not in (EventType.BOUNCED, EventType.REJECTED):
        return None
    if event.reject_reason in (RejectReason.SPAM, RejectReason.UNSUBSCRIBED):
        return Report.COMPLAINT
    said = f"{event.mta_response or ''} {event.description or ''} {_type_of(event)}"
    is_soft = event.reject_reason in LATER or TEMPORARY.search(said)
    return Report.SOFT if is_soft else Report.HARD


def _type_of(event: AnymailTrackingEvent) -> str:
    """The provider's own word for it, where it has one."""
    raw = event.esp_event
    return str(raw.get("Type") or raw.get("bounceType") or "") if isinstance(raw, dict) else ""
