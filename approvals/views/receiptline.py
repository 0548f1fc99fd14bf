"""What became of a yes, in one line: not used yet, used, or never used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intents.lifecycle import Status, StepStatus, is_final
from intents.models import Receipt


@dataclass(frozen=True)
class ReceiptLine:
    """`state`: used, done (without it), void (the intent ended otherwise), expired or unused; `at`: since when."""

    state: str
    issued_at: datetime
    at: datetime
    by: str = ""


def receipt_line(receipt: Receipt | None, status: str, now: datetime) -> ReceiptLine | None:
    """The line for an intent of this status whose newest receipt this is; None if it never had one."""
    if receipt is None:
        return None
    if receipt.used is not None:
        return ReceiptLine("used", receipt.issued_at, receipt.used.at, receipt.used.by.rsplit("/", 1)[-1])
    if receipt.step is not None and receipt.step.status == StepStatus.DONE:
        return ReceiptLine("done", receipt.issued_at, receipt.issued_at)
    if is_final(status) and status != Status.COMPLETED:
        return ReceiptLine("void", receipt.issued_at, receipt.issued_at)
    state = "expired" if now >= receipt.expires_at else "unused"
    return ReceiptLine(state, receipt.issued_at, receipt.expires_at)
