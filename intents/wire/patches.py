"""Reading `controls` and `policy`: patches whose top-level names are set, or removed by null."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intents.errors import TooLarge
from intents.services.patching import PolicyPatch
from intents.strictjson import JsonRefused, check
from intents.wire.create import AnyObject, StrictInteger, StrictText
from intents.wire.unknown import unknown_warnings

PATCH_LIMIT = 64 * 1024


class Common(serializers.Serializer[dict[str, Any]]):
    """What both bodies have. `actor` is ignored: the history names whoever's key it is."""

    actor = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)
    reason = StrictText(max_length=2000, required=False, allow_blank=True, allow_null=True)
    expected_policy_generation = StrictInteger(min_value=0, required=False, allow_null=True)
    internal_scheduler = serializers.BooleanField(required=False)


class ControlsBody(Common):
    """Free names, and `checkpoint`."""

    controls_patch = AnyObject()


class PolicyBody(Common):
    """Who else may change these, and numbers that programs agree on."""

    grants_patch = AnyObject(required=False, allow_null=True)
    envelope_patch = AnyObject(required=False, allow_null=True)


def read_controls(body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The patch, and warnings."""
    data, warnings = _read(ControlsBody(data=body), body)
    return data["controls_patch"], warnings


def read_policy(body: dict[str, Any]) -> tuple[PolicyPatch, list[str]]:
    """The patches, and warnings."""
    data, warnings = _read(PolicyBody(data=body), body)
    return PolicyPatch(data.get("grants_patch") or {}, data.get("envelope_patch") or {}), warnings


def _read(form: Common, body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    form.is_valid(raise_exception=True)
    for name in ("controls_patch", "grants_patch", "envelope_patch"):
        try:
            check(body.get(name), max_bytes=PATCH_LIMIT)
        except JsonRefused as error:
            raise TooLarge(f"{name}: {error}", code=error.code) from error
    return form.validated_data, unknown_warnings(body, form)
