"""Who is asking: `x-api-key` names a machine, `Authorization: Bearer` a person's token or, alone, a machine's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from approvals.models import Membership, Person, PersonalToken
from intents import clock
from intents.errors import Forbidden, Unauthenticated
from intents.prepared import Prepared
from intents.principal import PersonRef, Principal
from intents.services.keys import KEY_PREFIX, digest_of_secret, used

_BY_DIGEST = Prepared(lambda digest: PersonalToken.objects.select_related("person").filter(digest=digest))
_MEMBERSHIP = Prepared(
    lambda person, workspace: Membership.objects.filter(person=person, workspace=workspace, is_active=True)
)


def authenticate(headers: Mapping[str, str]) -> Principal:
    """The principal of a request. `headers` by lower-case name.

    Unauthenticated without a live credential; Forbidden if key and token are of different workspaces.
    """
    secret, bearer = headers.get("x-api-key", "").strip(), _bearer(headers.get("authorization", ""))
    if not secret and not bearer:
        raise Unauthenticated("Send an API key as x-api-key.", code="missing_platform_api_key")
    key = used(secret) if secret else None
    if bearer.startswith(KEY_PREFIX):
        other = used(bearer)
        key = key or other
        bearer = ""
    if key is not None and not bearer:
        return Principal(key.workspace_id, key=key)
    token, member = member_of(bearer)
    if key is not None and key.workspace_id != token.workspace_id:
        raise Forbidden("The API key and the personal token are of different workspaces.", code="foreign_workspace")
    return Principal(token.workspace_id, key=key, person=person_ref(token, member))


def member_of(secret: str) -> tuple[PersonalToken, Membership]:
    """The live token of an active member, and the membership.

    Unauthenticated if the token is unknown, expired or revoked, or its person is gone.
    """
    token = _BY_DIGEST.first(digest=digest_of_secret(secret))
    member = _membership(token.person, token) if token and _is_live(token) else None
    if token is None or member is None:
        raise Unauthenticated("This personal token is unknown, expired or revoked.", code="invalid_actor_token")
    return token, member


@dataclass(frozen=True)
class KnownPerson(PersonRef):
    """A person whose row was read to know them."""

    row: Person


def person_ref(token: PersonalToken, member: Membership) -> PersonRef:
    """The person of a token, with what the token and the membership allow."""
    return KnownPerson(
        id=token.person.ref,
        email=token.person.email,
        name=token.person.name,
        can_decide=token.can_decide and member.can_decide,
        is_admin=member.is_admin,
        row=token.person,
    )


class PrincipalAuthentication(BaseAuthentication):
    """DRF's door to `authenticate`: the principal is `request.auth`."""

    def authenticate(self, request: Request) -> tuple[None, Any]:
        """Always from headers; a browser's session never speaks for a program."""
        return None, authenticate({name.lower(): value for name, value in request.headers.items()})

    def authenticate_header(self, request: Request) -> str:
        """What 401 asks for."""
        return "Bearer"


def _is_live(token: PersonalToken) -> bool:
    return token.revoked_at is None and token.expires_at > clock.now() and token.person.is_active


def _membership(person: Person, token: PersonalToken) -> Membership | None:
    return _MEMBERSHIP.first(person=person.pk, workspace=token.workspace_id)


def _bearer(header: str) -> str:
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
