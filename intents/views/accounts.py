"""`/v1/service-accounts`: machines' accounts and keys, for keys with the scope `provision` and for admins."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import PROVISION_OR_ADMIN
from intents.ids import parse_id
from intents.models import ApiKey, ServiceAccount
from intents.services.provision import account_of, create_account, issue_key, key_in
from intents.services.rotation import revoke_key, rotate_key
from intents.services.standing import require_standing
from intents.views.base import ApiView, body_of, query_int
from intents.views.endpoint import Endpoint
from intents.wire.accounts import (
    NewAccount,
    NewKey,
    Revocation,
    Rotation,
    account_json,
    check_place,
    key_json,
    read_account,
    read_key,
    read_revocation,
    read_rotation,
)
from intents.wire.shapes import ACCOUNT, API_KEY, KEY, SERVICE_ACCOUNT, TEXT, TEXTS, WHOLE, many, obj

PLACE = {"org_id": TEXT, "workspace_id": TEXT}
NEW_KEY = obj("token", **KEY, token=TEXT)


class AccountsView(ApiView):
    """Make and list service accounts."""

    api = {
        "POST": Endpoint(
            PROVISION_OR_ADMIN, {"service_account": SERVICE_ACCOUNT, "warnings": TEXTS}, NewAccount, refuses=(404,)
        ),
        "GET": Endpoint(
            PROVISION_OR_ADMIN,
            {"service_accounts": many(SERVICE_ACCOUNT)},
            query={**PLACE, "limit": WHOLE},
            refuses=(404,),
        ),
    }

    def post(self, request: Request) -> Response:
        """A new account, and its agent if it names one that is missing."""
        workspace = require_standing(self.principal)
        data, warnings = read_account(body_of(request))
        check_place(workspace, data.get("org_id"), data.get("workspace_id"))

        def effect() -> dict[str, Any]:
            address, owners = data.get("agent_address") or "", data.get("owners") or []
            account = create_account(self.principal, data["name"], address, owners)
            return {"ok": True, "service_account": account_json(account), "warnings": warnings}

        return self.once(request, "POST /v1/service-accounts", effect)

    def get(self, request: Request) -> Response:
        """The workspace's accounts by name."""
        workspace, query = require_standing(self.principal), request.query_params
        check_place(workspace, query.get("org_id"), query.get("workspace_id"))
        limit = query_int(request, "limit", 200, 1, 500)
        rows = ServiceAccount.objects.filter(workspace=workspace).select_related("workspace", "agent")
        accounts = [account_json(account) for account in rows.order_by("name")[:limit]]
        return Response({"ok": True, "service_accounts": accounts})


class OfAccount(ApiView):
    """What has an account in its path."""

    def account(self, account_id: str) -> ServiceAccount:
        """The account in the path, or 404."""
        return account_of(self.principal, parse_id(account_id))


class AccountView(OfAccount):
    """One service account."""

    api = {"GET": Endpoint(PROVISION_OR_ADMIN, {"service_account": obj(**ACCOUNT, keys=many(API_KEY))})}

    def get(self, request: Request, account_id: str) -> Response:
        """With its keys."""
        account = self.account(account_id)
        return Response({"ok": True, "service_account": {**account_json(account), "keys": keys_of(account)}})


class KeysView(OfAccount):
    """Make and list an account's keys."""

    api = {
        "GET": Endpoint(PROVISION_OR_ADMIN, {"keys": many(API_KEY)}),
        "POST": Endpoint(PROVISION_OR_ADMIN, {"key": NEW_KEY, "warnings": TEXTS}, NewKey),
    }

    def get(self, request: Request, account_id: str) -> Response:
        """All of them, the newest first, without secrets."""
        return Response({"ok": True, "keys": keys_of(self.account(account_id))})

    def post(self, request: Request, account_id: str) -> Response:
        """A new key. Its `token` is in this answer only, never in a replay of it."""
        account = self.account(account_id)
        wanted, warnings = read_key(body_of(request), account)

        def effect() -> dict[str, Any]:
            key, secret = issue_key(self.principal, account, wanted)
            return {"ok": True, "key": {**key_json(key), "token": secret}, "warnings": warnings}

        return self.once(request, f"POST /v1/service-accounts/{account.pk}/keys", effect, without_token)


class RevokeView(OfAccount):
    """End a key."""

    api = {
        "POST": Endpoint(
            PROVISION_OR_ADMIN, {"key": API_KEY, "also_revoked": many(API_KEY), "warnings": TEXTS}, Revocation
        )
    }

    def post(self, request: Request, account_id: str, key_id: str) -> Response:
        """From now on it is 401, and so are, if asked for, the keys that it made."""
        key = key_in(self.account(account_id), parse_id(key_id))
        and_made, warnings = read_revocation(body_of(request))

        def effect() -> dict[str, Any]:
            ended, *others = revoke_key(self.principal, key, and_made=and_made)
            also = [key_json(other) for other in others]
            return {"ok": True, "key": key_json(ended), "also_revoked": also, "warnings": warnings}

        return self.once(request, f"POST /v1/service-accounts/keys/{key.pk}/revoke", effect)


class RotateView(OfAccount):
    """Put a new key in the place of another."""

    api = {"POST": Endpoint(PROVISION_OR_ADMIN, {"key": NEW_KEY, "replaced": API_KEY, "warnings": TEXTS}, Rotation)}

    def post(self, request: Request, account_id: str, key_id: str) -> Response:
        """The new key with its `token`, and the old one, which ends at once or after `grace_seconds`."""
        key = key_in(self.account(account_id), parse_id(key_id))
        grace, expires_at, warnings = read_rotation(body_of(request))

        def effect() -> dict[str, Any]:
            old, fresh, secret = rotate_key(self.principal, key, grace, expires_at)
            shown = {**key_json(fresh), "token": secret}
            return {"ok": True, "key": shown, "replaced": key_json(old), "warnings": warnings}

        return self.once(request, f"POST /v1/service-accounts/keys/{key.pk}/rotate", effect, without_token)


def keys_of(account: ServiceAccount) -> list[dict[str, Any]]:
    """The account's keys as the wire shows them."""
    rows = ApiKey.objects.filter(service_account=account).select_related("agent")
    return [key_json(key) for key in rows.order_by("-created_at", "-pk")]


def without_token(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer as it may be kept: a secret is shown once."""
    key = {name: value for name, value in answer["key"].items() if name != "token"}
    return {**answer, "key": key}
