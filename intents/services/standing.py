"""Who may manage accounts, keys, agents and schemas: a key with the scope `provision`, or an admin of the workspace."""

from __future__ import annotations

from intents import clock
from intents.errors import Forbidden, Unauthenticated
from intents.models import ApiKey, ServiceAccount, Workspace
from intents.principal import Principal

SCOPE = "provision"
NOT_YOURS = "Other people answer for this as well. One of them, or an admin, has to do it."
NOBODYS = (
    "Nobody answers for this account: only its own keys, those of the account that made it, or an admin may do it."
)


def require_standing(principal: Principal) -> Workspace:
    """The workspace that this principal may manage. Forbidden for everybody else."""
    if is_admin(principal):
        return Workspace.objects.get(pk=principal.workspace_id)
    if principal.key is None or SCOPE not in principal.key.scopes:
        raise Forbidden(f"This needs an API key with the scope '{SCOPE}', or an admin's token.", code="invalid_scope")
    return principal.key.workspace


def is_admin(principal: Principal) -> bool:
    """True for an admin by their own token. No key makes anybody an admin."""
    return principal.person is not None and principal.person.is_admin


def maker_of(principal: Principal) -> ApiKey | None:
    """The key that bounds what is made, and stands as its maker. None for an admin, who is bounded by nothing."""
    return None if is_admin(principal) else principal.require(SCOPE)


def living_maker(principal: Principal) -> ApiKey | None:
    """`maker_of`, held until the commit, so that a key makes nothing once its revocation was answered.

    Unauthenticated if it ended since this request came in.
    """
    maker = maker_of(principal)
    if maker is None:
        return None
    row = ApiKey.objects.select_for_update(no_key=True).get(pk=maker.pk)
    if row.revoked_at is not None or row.expires_at <= clock.now():
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    return maker


def people_of(principal: Principal) -> list[str]:
    """Who answers for what this principal makes: the person, and who answers for the key that may provision."""
    person = [principal.person.id] if principal.person else []
    if principal.key is None or not principal.has(SCOPE):
        return person
    return distinct(person, principal.key.owners, principal.key.service_account.owners)


def check_people(principal: Principal, account: ServiceAccount) -> None:
    """Everybody who answers for the account and its keys must stand behind the caller too, unless an admin calls."""
    if is_admin(principal):
        return
    owners = {str(owner) for key in account.keys.filter(revoked_at=None) for owner in key.owners}.union(account.owners)
    if not owners and principal.require(SCOPE).service_account_id not in (account.pk, account.made_by_id):
        raise Forbidden(NOBODYS, code="not_your_account")
    if not owners <= set(people_of(principal)):
        raise Forbidden(NOT_YOURS, code="not_your_account")


def distinct(*lists: list[str]) -> list[str]:
    """All of these ids, each once, in order."""
    return list(dict.fromkeys(str(name) for names in lists for name in names))
