"""Reading receipts. The token is for the sender and for its executor; everybody else sees only that there is one."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from intents.clock import iso
from intents.ids import parse_id
from intents.models import Intent, Receipt
from intents.principal import Principal

ROWS = ("redemption", "step", "intent__sender")
UNUSED, USED = "unused", "used"


def may_have(reader: Principal, receipt: Receipt) -> bool:
    """True for keys of the account that sent the intent, and for the agent whose work it goes with."""
    key = reader.key
    if key is None:
        return False
    sent = key.service_account_id == receipt.intent.sender.service_account_id
    return sent or (reader.agent is not None and receipt.executor == reader.agent.address)


def token_for(reader: Principal, receipt_id: str) -> str | None:
    """The token of this receipt, if there is one and this reader may have it."""
    wanted = parse_id(receipt_id)
    receipt = Receipt.objects.select_related(*ROWS).filter(pk=wanted).first() if wanted else None
    return receipt.token if receipt and may_have(reader, receipt) else None


def newest_receipt(intent_id: uuid.UUID, executor: str = "") -> Receipt | None:
    """The intent's newest receipt, or the newest for this executor."""
    rows = Receipt.objects.select_related(*ROWS).filter(intent_id=intent_id)
    return (rows.filter(executor=executor) if executor else rows).last()


def newest_receipts(intent_ids: list[uuid.UUID]) -> dict[uuid.UUID, Receipt]:
    """The newest receipt of each of these intents that has one."""
    rows = Receipt.objects.select_related("redemption", "step").filter(intent__in=intent_ids)
    return {row.intent_id: row for row in rows}


def receipt_json(receipt: Receipt, reader: Principal) -> dict[str, Any]:
    """When it was issued and used; the token only for whom it is meant."""
    used = receipt.used
    return {
        "receipt_id": str(receipt.pk),
        "executor": receipt.executor or None,
        "issued_at": iso(receipt.issued_at),
        "expires_at": iso(receipt.expires_at),
        "redeemed_at": iso(used.at) if used else None,
        "redeemed_by": used.by if used else None,
        "token": receipt.token if may_have(reader, receipt) else None,
    }


def with_receipt(body: dict[str, Any], intent: Intent, reader: Principal) -> dict[str, Any]:
    """The intent's body with its newest receipt, for an agent the newest of its own; and the token in the result."""
    receipt = newest_receipt(intent.pk, reader.agent.address if reader.agent else "")
    body["receipt"] = receipt_json(receipt, reader) if receipt else None
    if body["result"] and body["result"].get("receipt_id"):
        body["result"]["receipt"] = token_for(reader, body["result"]["receipt_id"])
    return body


def with_token(event: dict[str, Any], reader: Principal | None) -> dict[str, Any]:
    """The event; in the terminal one the token, if the reader may have it."""
    if reader is not None and event["details"].get("receipt_id") and "receipt" in event["details"]:
        event["details"]["receipt"] = token_for(reader, event["details"]["receipt_id"])
    return event


def by_use(rows: QuerySet[Intent], use: str) -> QuerySet[Intent]:
    """Those of the intents whose newest receipt was used, or was not: expired ones are unused for ever."""
    newest = Receipt.objects.filter(intent=OuterRef("pk")).order_by("-issued_at", "-pk")
    found = rows.annotate(
        receipt_at=Subquery(newest.values("issued_at")[:1]), used_at=Subquery(newest.values("redemption__at")[:1])
    )
    return found.filter(receipt_at__isnull=False).filter(Q(used_at__isnull=use == UNUSED))
