"""Reading `POST /v1/receipts/redeem`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intents.digest import digest_of
from intents.errors import TooLarge
from intents.services.redeem import Use
from intents.strictjson import JsonRefused, check
from intents.wire.create import PAYLOAD_LIMIT, AnyObject, StrictText
from intents.wire.unknown import unknown_warnings

LONGEST_TOKEN = 64 * 1024


class Digest(StrictText):
    """`sha256:` and 64 lower-case hex digits."""

    def to_internal_value(self, data: Any) -> str:
        """The digest itself."""
        text = super().to_internal_value(data)
        if len(text) != 71 or not text.startswith("sha256:") or set(text[7:]) - set("0123456789abcdef"):
            raise serializers.ValidationError("Write sha256: and 64 hex digits in lower case.")
        return text


class RedeemBody(serializers.Serializer[dict[str, Any]]):
    """The receipt, and what the executor is about to do."""

    receipt = StrictText(max_length=LONGEST_TOKEN)
    intent_id = StrictText(max_length=64, required=False, allow_null=True)
    payload_digest = Digest(required=False, allow_null=True)
    payload = AnyObject(required=False, allow_null=True)


def use_of(body: dict[str, Any]) -> tuple[Use, list[str]]:
    """What was asked for, and warnings. A payload is compared by its canonical form (RFC 8785)."""
    form = RedeemBody(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    digests = [data["payload_digest"]] if data.get("payload_digest") else []
    if data.get("payload") is not None:
        digests.append(_digest(data["payload"]))
    return Use(data["receipt"], data.get("intent_id") or "", tuple(digests)), unknown_warnings(body, form)


def _digest(payload: dict[str, Any]) -> str:
    try:
        check(payload, max_bytes=PAYLOAD_LIMIT)
    except JsonRefused as error:
        raise TooLarge(f"payload: {error}", code=error.code) from error
    return digest_of(payload)
