"""Using a receipt, exactly once. The executor is whoever is about to act, not whoever asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from intents import clock
from intents.clock import iso
from intents.errors import Conflict, Forbidden, Invalid, NotFound
from intents.ids import parse_id
from intents.lifecycle import Status, is_final
from intents.models import ApiKey, IntentTexts, Receipt, Redemption
from intents.principal import Principal
from intents.receiptreads import ROWS
from intents.receipts import Claims, NotAReceipt, read
from intents.services.changes import record_change
from intents.services.lock import Locked, locked_intent
from intents.services.receipts import keys_of_receipts

NO_RECEIPT = "There is no such receipt."


@dataclass(frozen=True)
class Use:
    """What an executor shows: the receipt, and what it is about to do."""

    token: str
    intent_id: str = ""
    digests: tuple[str, ...] = ()


def receipt_of(principal: Principal, use: Use) -> tuple[Receipt, Claims]:
    """The receipt that this token is. Invalid if it was not made here or was changed.

    NotFound if it is of another workspace, or its intent is not here any more.
    """
    try:
        claims = read(use.token, keys_of_receipts(), settings.BASE_URL, clock.now())
    except NotAReceipt as error:
        raise Invalid(
            "This is no receipt of this installation, or it was changed: do not act on it.", code="receipt_invalid"
        ) from error
    rows = Receipt.objects.select_related(*ROWS, "step__intent")
    receipt = rows.filter(pk=claims["jti"], intent__workspace_id=principal.workspace_id).first()
    if receipt is None or receipt.token != use.token:
        raise NotFound(NO_RECEIPT)
    return receipt, claims


def redeem(principal: Principal, receipt: Receipt, claims: Claims, use: Use) -> dict[str, Any]:
    """Use the receipt, or say why not; a refusal uses nothing. Call inside `durable()`."""
    key = _executor(principal, receipt)
    with locked_intent(receipt.intent_id) as locked:
        receipt = Receipt.objects.select_related(*ROWS).get(pk=receipt.pk)
        _refuse_used(receipt)
        _refuse_void(locked, receipt, claims)
        if locked.now >= receipt.expires_at:
            raise Conflict(
                f"This receipt ran out at {iso(receipt.expires_at)}: ask for the approval anew.",
                code="receipt_expired",
                details={"expires_at": iso(receipt.expires_at)},
            )
        _refuse_another(use, receipt, claims)
        used = Redemption.objects.create(receipt=receipt, key=key, by=name_of(key), at=locked.now)
    said = {
        "receipt_id": str(receipt.pk),
        "intent_id": str(receipt.intent_id),
        "redeemed_at": iso(used.at),
        "redeemed_by": used.by,
    }
    # nothing may follow an intent's terminal event, so the workspace's chain keeps the use
    record_change(principal.workspace_id, "receipt.redeemed", used.by, said | {"key": str(key.pk)})
    return said | {"claims": claims}


def name_of(key: ApiKey) -> str:
    """How a use names its key: the agent, or the account."""
    return key.agent.address if key.agent else f"key:{key.service_account.name}"


def _executor(principal: Principal, receipt: Receipt) -> ApiKey:
    """Who may: the agent whose work it went with; after the end any agent that was given it, or who sent the intent."""
    key = principal.key
    if key is None or not {"send", "work"} & set(key.scopes):
        raise Forbidden("A program redeems, by an API key with the scope 'work' or 'send'.", code="invalid_scope")
    works = "work" in key.scopes and key.agent is not None
    if receipt.executor:
        allowed = works and key.agent is not None and key.agent.address == receipt.executor
    else:
        sent = "send" in key.scopes and key.service_account_id == receipt.intent.sender.service_account_id
        allowed = works or sent
    if not allowed:
        who = receipt.executor or "an agent, or the account that sent the intent"
        raise Forbidden(f"This receipt is for {who}.", code="not_the_executor")
    return key


def _refuse_used(receipt: Receipt) -> None:
    used = receipt.used
    if used is not None:
        details = {"redeemed_at": iso(used.at), "redeemed_by": used.by}
        raise Conflict(
            f"This receipt was used at {iso(used.at)} by {used.by}: do not act again.",
            code="receipt_used",
            details=details,
        )


def _refuse_void(locked: Locked, receipt: Receipt, claims: Claims) -> None:
    """What ended otherwise after the yes (withdrawn, failed, timed out) must not be done, nor what was changed.

    Nor is work done after its result: whoever decides next has read that.
    """
    status = locked.intent.status
    if is_final(status) and status != Status.COMPLETED:
        raise Conflict(f"The intent has ended as {status} since: do not act.", code="receipt_void")
    if receipt.step is not None and receipt.step.ended_at is not None:
        raise Conflict("The work that this receipt went with is over: do not act.", code="receipt_void")
    if IntentTexts.objects.get(intent=locked.intent).payload_digest != claims["payload_digest"]:
        raise Conflict("The payload is another one since: do not act.", code="receipt_void")


def _refuse_another(use: Use, receipt: Receipt, claims: Claims) -> None:
    """What the executor is about to do must be what the receipt says."""
    mine = {receipt.intent_id, receipt.step_id} - {None}
    if use.intent_id and parse_id(use.intent_id) not in mine:
        raise Conflict("This receipt is for another intent.", code="intent_differs")
    if any(digest != claims["payload_digest"] for digest in use.digests):
        raise Conflict(
            "What was approved is not what you are about to run.",
            code="payload_differs",
            details={"approved": claims["payload_digest"]},
        )
