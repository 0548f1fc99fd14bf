"""Everybody who may come to the API: a key and a token each, and what they hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from approvals.models import Membership
from intents import clock
from intents.models import ApiKey
from tests.acts import neighbours
from tests.conftest import Api
from tests.factories import make_key, make_person, make_token
from tests.wire.routes import Route


def scoped(*scopes: str) -> Callable[[SimpleNamespace], tuple[str, str]]:
    def credential(world: SimpleNamespace) -> tuple[str, str]:
        agent = world.agent if "work" in scopes else None
        return make_key(world.workspace, "-".join(scopes), scopes, agent=agent)[1], ""

    return credential


def dead(**fields: Any) -> Callable[[SimpleNamespace], tuple[str, str]]:
    def credential(world: SimpleNamespace) -> tuple[str, str]:
        key, secret = make_key(world.workspace, "dead", ("send", "work", "provision"), agent=world.agent)
        ApiKey.objects.filter(pk=key.pk).update(**fields)
        return secret, ""

    return credential


def admin(world: SimpleNamespace) -> tuple[str, str]:
    boss = make_person(world.workspace, "boss@acme.example", can_decide=False)
    Membership.objects.filter(person=boss).update(is_admin=True)
    return "", make_token(boss, world.workspace)


def without_decide(world: SimpleNamespace) -> tuple[str, str]:
    return "", make_token(world.ana, world.workspace, can_decide=False)


def of_two_workspaces(world: SimpleNamespace) -> tuple[str, str]:
    return neighbours().sender_secret, world.tokens["ana"]


NOBODY = {
    "no key": lambda world: ("", ""),
    "unknown key": lambda world: ("csk_unknown", ""),
    "unknown token": lambda world: ("", "cst_unknown"),
    "revoked key": dead(revoked_at=clock.now()),
    "expired key": dead(expires_at=clock.now() - timedelta(seconds=1)),
    "good key and unknown token": lambda world: (world.sender_secret, "cst_unknown"),
}
SOMEBODY: dict[str, tuple[set[str], Callable[[SimpleNamespace], tuple[str, str]]]] = {
    "send": ({"send"}, scoped("send")),
    "work": ({"work"}, scoped("work")),
    "provision": ({"provision"}, scoped("provision")),
    "send and work": ({"send", "work"}, scoped("send", "work")),
    "person who decides": ({"member", "decider"}, lambda world: ("", world.tokens["ana"])),
    "person without decide": ({"member"}, without_decide),
    "admin": ({"member", "admin"}, admin),
    "send key and person": (
        {"send", "member", "decider"},
        lambda world: (scoped("send")(world)[0], world.tokens["ana"]),
    ),
}


def call(
    route: Route,
    method: str,
    credential: tuple[str, str],
    body: bytes = b"{}",
    headers: dict[str, Any] | None = None,
    **names: object,
) -> Any:
    """The route with this method, as this caller."""
    api = Api(*credential)
    sent = api.headers | (headers or {})
    return api.client.generic(method, route.at(**names), body, content_type="application/json", **sent)


def may(route: Route, held: set[str]) -> bool:
    """True if the route's declaration lets somebody with these in."""
    access = route.endpoint.access
    return access.public or bool(held & {*access.scopes, access.right})
