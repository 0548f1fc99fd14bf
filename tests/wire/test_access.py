"""The matrix of routes, methods and principals, made from the routes: who may call is what the view declares."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from intents.access import ANYBODY, MEMBER
from intents.streams import StreamApp
from intents.views.base import ApiView
from intents.views.endpoint import Endpoint
from tests.acts import neighbours
from tests.factories import make_key, make_token, open_gate
from tests.streaming import run
from tests.visits import Visit
from tests.wire.callers import NOBODY, SOMEBODY, call, may, of_two_workspaces
from tests.wire.routes import Route, api_views, routes

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ROUTES = routes()
STREAMS = [route for route in ROUTES if route.path.endswith("/stream")]
API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.parametrize("who", NOBODY)
def test_every_route_is_401_when_nobody_is_known(world: SimpleNamespace, who: str) -> None:
    credential = NOBODY[who](world)

    answers = {
        str(route): call(route, route.method, credential) for route in ROUTES if not route.endpoint.access.public
    }

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert all(answer.json()["ok"] is False and answer["WWW-Authenticate"] for answer in answers.values())


@pytest.mark.parametrize("who", SOMEBODY)
def test_every_route_asks_for_what_it_declares(world: SimpleNamespace, who: str) -> None:
    held, made = SOMEBODY[who]
    credential = made(world)

    answers = {route: call(route, route.method, credential) for route in ROUTES}

    refused = {str(route) for route, answer in answers.items() if answer.status_code == 403}
    assert refused == {str(route) for route in ROUTES if not may(route, held)}
    assert not {str(route): answer.status_code for route, answer in answers.items() if answer.status_code in (401, 405)}


def test_every_route_refuses_a_key_beside_a_token_of_another_workspace(world: SimpleNamespace) -> None:
    credential = of_two_workspaces(world)

    answers = {
        str(route): call(route, route.method, credential) for route in ROUTES if not route.endpoint.access.public
    }

    assert {answer.json()["error"]["code"] for answer in answers.values()} == {"foreign_workspace"}


def test_every_other_method_is_405_for_everybody_whom_we_know(world: SimpleNamespace) -> None:
    credential = (world.sender_secret, world.tokens["ana"])
    views = {path: set(view.api) | ({"HEAD"} if "GET" in view.api else set()) for path, view in api_views()}
    undeclared = [(path, method) for path, known in views.items() for method in METHODS if method not in known]

    answers = {
        (path, method): call(Route(method, path, None, Endpoint(ANYBODY)), method, credential).status_code
        for path, method in undeclared
    }

    assert answers == dict.fromkeys(undeclared, 405)


@pytest.mark.parametrize("who", ["foreign key", "foreign person"])
def test_what_is_ours_answers_a_stranger_like_what_does_not_exist(world: SimpleNamespace, who: str) -> None:
    gate, strange = open_gate(world, reply_to="infra-validator"), neighbours()
    every_scope = make_key(strange.workspace, "all", ("send", "provision"))[1]
    credential = (every_scope, "") if who == "foreign key" else ("", make_token(strange.zoe, strange.workspace))
    ours = {
        "handle": gate.intent_id,
        "gate_id": gate.pk,
        "thread_id": gate.intent_id,
        "account_id": world.sender.service_account_id,
        "key_id": world.sender.pk,
        "address": "infra-validator",
    }
    open_to_all = {"send", "provision"} if who == "foreign key" else {"member", "decider"}
    theirs = [route for route in ROUTES if "{" in route.path and may(route, open_to_all) and route not in STREAMS]

    real = {str(route): call(route, route.method, credential, **ours) for route in theirs}
    unknown = {str(route): call(route, route.method, credential, **unknown_names(ours)) for route in theirs}

    assert {path: answer.status_code for path, answer in real.items()} == dict.fromkeys(real, 404)
    assert [alike(answer) for answer in real.values()] == [alike(answer) for answer in unknown.values()]


def unknown_names(names: dict[str, object]) -> dict[str, object]:
    return {name: "nobody" if name == "address" else uuid.uuid4() for name in names}


def alike(answer: Any) -> Any:
    """The body, without the name that the caller wrote into the path."""
    return re.sub(r"infra-validator|nobody", "it", answer.content.decode())


@pytest.mark.parametrize("who", [*NOBODY, *SOMEBODY])
@pytest.mark.django_db(transaction=True)
def test_streams_ask_for_what_they_declare_before_django_sees_the_request(world: SimpleNamespace, who: str) -> None:
    held, made = SOMEBODY.get(who, (set(), NOBODY.get(who)))
    assert made is not None
    key, token = made(world)
    found: dict[str, int] = {}

    async def story(app: StreamApp) -> None:
        for route in STREAMS:
            path = route.at(handle=uuid.uuid4())
            async with Visit(
                app, path, key=key, headers={"authorization": f"Bearer {token}"} if token else {}
            ) as visit:
                await visit.end()
                found[str(route)] = visit.status

    run(story)

    assert found == {str(route): 401 if who in NOBODY else 404 if may(route, held) else 403 for route in STREAMS}


def test_a_method_that_nobody_declared_cannot_be_routed() -> None:
    class Forgetful(ApiView):
        """It has a method more than it declares."""

        api = {"GET": Endpoint(ANYBODY)}

        def get(self) -> None:
            """Declared."""

        def post(self) -> None:
            """Forgotten."""

    with pytest.raises(ImproperlyConfigured, match=r"Forgetful.*POST"):
        Forgetful.as_view()


def test_every_api_view_is_one_that_asks() -> None:
    assert [view for _, view in api_views() if not issubclass(view, ApiView)] == []
    assert MEMBER in {route.endpoint.access.right for route in ROUTES}


def test_the_page_for_developers_says_who_may_call_what() -> None:
    said = set()
    for methods, path, who in re.findall(
        r"^\| ([A-Z, ]+) \| \[?`([^`]+)`[^|]*\| ([^|]+) \|", API_PAGE.read_text(), re.MULTILINE
    ):
        said |= {(method.strip(), nameless(path), who.strip()) for method in methods.split(",")}

    assert said == {(route.method, nameless(route.path), route.endpoint.access.words) for route in ROUTES}


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)
