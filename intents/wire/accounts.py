"""Reading and showing service accounts and their keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework import serializers

from intents import clock
from intents.addresses import SCHEME
from intents.clock import iso
from intents.errors import NotFound
from intents.models import ApiKey, ServiceAccount, Workspace
from intents.services.provision import WantedKey
from intents.services.rotation import LONGEST_GRACE
from intents.wire.create import OneLine, StrictInteger, StrictText
from intents.wire.unknown import unknown_warnings

NAME_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,61}[A-Za-z0-9])?")
NAME_HINT = "Write up to 63 letters, digits, spaces and _ . - (the history shows this name)."


class AccountName(StrictText):
    """A name that cannot be taken for anything else where the history shows it."""

    def to_internal_value(self, data: Any) -> str:
        """The name itself."""
        if not NAME_PATTERN.fullmatch(text := super().to_internal_value(data)):
            raise serializers.ValidationError(NAME_HINT)
        return text


class NewAccount(serializers.Serializer[dict[str, Any]]):
    """A new service account; `agent_address` names the agent that its `work` keys are for."""

    name = AccountName()
    agent_address = StrictText(min_length=1, max_length=255, required=False, allow_null=True)
    org_id = StrictText(max_length=255, required=False, allow_null=True)
    workspace_id = StrictText(max_length=255, required=False, allow_null=True)
    display_name = OneLine(max_length=255, required=False, allow_blank=True, allow_null=True)
    owners = serializers.ListField(child=StrictText(max_length=254), max_length=20, required=False, allow_null=True)
    created_by_actor_id = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


class Pattern(OneLine):
    """A text that matches exactly, or as a beginning with a last `*`."""

    def to_internal_value(self, data: Any) -> str:
        """The pattern itself. A `*` elsewhere would match nothing."""
        if "*" in (text := super().to_internal_value(data))[:-1]:
            raise serializers.ValidationError("A * stands for any rest, so it can only be the last character.")
        return text


class TargetPattern(Pattern):
    """The same, of addresses in full: a short one would match nothing."""

    def to_internal_value(self, data: Any) -> str:
        """The pattern itself."""
        if (text := super().to_internal_value(data)) != "*" and not text.startswith(SCHEME):
            raise serializers.ValidationError(
                "Write the address in full, as in agent://org/workspace/name or with a *."
            )
        return text


def patterns(child: Pattern) -> serializers.ListField:
    """Up to 50 of them."""
    return serializers.ListField(child=child, max_length=50, required=False)


class NewKey(serializers.Serializer[dict[str, Any]]):
    """What a key shall be allowed to do, and until when."""

    scopes = serializers.ListField(child=StrictText(max_length=32), max_length=3, required=False)
    types = patterns(Pattern(min_length=1, max_length=383))
    targets = patterns(TargetPattern(min_length=1, max_length=383))
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    created_by_actor_id = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


class Rotation(serializers.Serializer[dict[str, Any]]):
    """How long the old key lives on, and the new one."""

    grace_seconds = StrictInteger(min_value=0, max_value=int(LONGEST_GRACE.total_seconds()), default=0)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    created_by_actor_id = StrictText(max_length=255, required=False, allow_blank=True, allow_null=True)


class Revocation(serializers.Serializer[dict[str, Any]]):
    """Whether what the key made ends with it."""

    and_made = serializers.BooleanField(default=False)
    reason = StrictText(max_length=2000, required=False, allow_blank=True, allow_null=True)


def read_rotation(body: dict[str, Any]) -> tuple[timedelta, datetime | None, list[str]]:
    """The grace of the old key, the expiry of the new one, and warnings."""
    form = Rotation(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    return timedelta(seconds=data["grace_seconds"]), data.get("expires_at"), unknown_warnings(body, form)


def read_revocation(body: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether what the key made ends too, and warnings."""
    form = Revocation(data=body)
    form.is_valid(raise_exception=True)
    return bool(form.validated_data["and_made"]), unknown_warnings(body, form)


def read_account(body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a new account, and warnings."""
    form = NewAccount(data=body)
    form.is_valid(raise_exception=True)
    return form.validated_data, unknown_warnings(body, form)


def read_key(body: dict[str, Any], account: ServiceAccount) -> tuple[WantedKey, list[str]]:
    """The wanted key, and warnings. Without scopes it works for the account's agent, or else sends."""
    form = NewKey(data=body)
    form.is_valid(raise_exception=True)
    data = form.validated_data
    scopes = sorted(set(data.get("scopes") or [])) or ["work" if account.agent_id else "send"]
    wanted = WantedKey(scopes, data.get("types", []), data.get("targets", []), data.get("expires_at"))
    return wanted, unknown_warnings(body, form)


def check_place(workspace: Workspace, org: str | None, name: str | None) -> None:
    """NotFound if a client says that it means another workspace than its key's."""
    here = {workspace.name, str(workspace.pk), str(workspace)}
    if (org and org != workspace.org) or (name and name not in here):
        raise NotFound("There is no such workspace.")


def account_json(account: ServiceAccount) -> dict[str, Any]:
    """A service account."""
    address = account.agent.address if account.agent else None
    return {
        "service_account_id": str(account.pk),
        "org_id": account.workspace.org,
        "workspace_id": account.workspace.name,
        "name": account.name,
        "agent_address": address,
        "address": address,
        "status": "active",
        "owners": account.owners,
        "made_by": str(account.made_by_id) if account.made_by_id else None,
        "created_at": iso(account.created_at),
    }


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "key_id": str(key.pk),
        "service_account_id": str(key.service_account_id),
        "key_hint": key.hint,
        "status": _status(key),
        "scopes": key.scopes,
        "types": key.types,
        "targets": key.targets,
        "agent_address": key.agent.address if key.agent else None,
        "owners": key.owners,
        "made_by": str(key.made_by_id) if key.made_by_id else None,
        "replaces": str(key.replaces_id) if key.replaces_id else None,
        "last_used_at": iso(key.last_used_at),
        "created_at": iso(key.created_at),
        "expires_at": iso(key.expires_at),
        "revoked_at": iso(key.revoked_at),
    }


def _status(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at <= clock.now() else "active"
