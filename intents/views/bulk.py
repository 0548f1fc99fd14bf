"""`POST /v1/intents/bulk-cancel`."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import SEND_OR_PERSON
from intents.lifecycle import Status
from intents.services.bulk import MOST, cancel_each, choose
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.create import StrictInteger, StrictText
from intents.wire.shapes import FLAG, ID, TEXTS, WHOLE, YES, many, obj
from intents.wire.unknown import unknown_warnings

DAY = 24
LONGEST = 366 * DAY


class StrictNumber(serializers.FloatField):
    """A number; texts (such as "nan") and truth values are not read as numbers."""

    def to_internal_value(self, data: Any) -> float:
        """The number itself."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise serializers.ValidationError("This must be a number.")
        return float(super().to_internal_value(data))


class BulkCancel(serializers.Serializer[dict[str, Any]]):
    """Which intents, and why."""

    older_than_hours = StrictNumber(min_value=0, max_value=LONGEST, default=DAY)
    dry_run = serializers.BooleanField(default=False)
    reason = StrictText(max_length=2000, required=False, allow_blank=True, allow_null=True)
    limit = StrictInteger(min_value=1, max_value=MOST, default=MOST)
    status_filter = serializers.ListField(
        child=serializers.ChoiceField(choices=Status.values), max_length=10, required=False, allow_null=True
    )


ANSWER = {"ok": YES, "dry_run": FLAG, "warnings": TEXTS, "intent_ids": many(ID)}
CANCELED = obj("would_cancel", "canceled", **ANSWER, would_cancel=WHOLE, canceled=WHOLE)


class BulkCancelView(ApiView):
    """Withdraw what was left lying."""

    api = {"POST": Endpoint(SEND_OR_PERSON, shape=CANCELED, body=BulkCancel)}

    def post(self, request: Request) -> Response:
        """Under an idempotency key the same intents are meant again, not the next ones."""
        body = body_of(request)
        form = BulkCancel(data=body)
        form.is_valid(raise_exception=True)
        wanted = form.validated_data
        age, statuses = timedelta(hours=wanted["older_than_hours"]), wanted.get("status_filter") or []

        def effect() -> dict[str, Any]:
            chosen = choose(self.principal, age, statuses, wanted["limit"])
            return {"intent_ids": [str(pk) for pk in chosen]}

        ids = self.once(request, "POST /v1/intents/bulk-cancel", effect).data["intent_ids"]
        answer = {"ok": True, "dry_run": wanted["dry_run"], "warnings": unknown_warnings(body, form)}
        if wanted["dry_run"]:
            return Response({**answer, "would_cancel": len(ids), "intent_ids": ids})
        done = cancel_each(self.principal, [uuid.UUID(pk) for pk in ids], wanted.get("reason") or "")
        return Response({**answer, "canceled": len(done), "intent_ids": [str(pk) for pk in done]})
