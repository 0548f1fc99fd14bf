"""Whatever is wrong with a request, every endpoint with an effect answers a clear 4xx, and no row has changed."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Absence, Claim, Gate, Membership, Question
from intents.limits import MINUTES
from intents.models import Intent
from intents.services.durable import durable
from intents.views.document import document
from notifications.webhooks.publishing import publish
from notifications.webhooks.subscriptions import Wanted, subscribe
from tests.acts import finish_work, neighbours
from tests.factories import gate_rule, make_agent, make_key, make_policy, make_token, open_gate, send
from tests.wire.callers import NOBODY, call
from tests.wire.everything import rows
from tests.wire.routes import Route, routes
from tests.wire.samples import ASKED, GOOD

pytestmark = pytest.mark.slow

EFFECTS = [route for route in routes() if route.method not in {"GET", "HEAD"}]
WITH_BODY = [route for route in EFFECTS if route.endpoint.body is not None]
BROKEN = {
    "no JSON": b"{",
    "cut off": b'{"payload": {"a": [1, 2',
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "null": b"null",
    "duplicate key": b'{"a": 1, "a": 2}',
    "duplicate key inside": b'{"payload": {"a": {"b": 1, "b": 2}}}',
    "NaN": b'{"payload": {"a": NaN}}',
    "Infinity": b'{"a": -Infinity}',
    "overflow": b'{"a": 1e999}',
    "big integer": b'{"a": 9007199254740992}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "null character": b'{"a": "\\u0000"}',
    "no UTF-8": b'{"a": "\xff"}',
    "deep": b'{"a": ' * 40 + b"1" + b"}" * 40,
    "very deep": b"[" * 100_000,
    "many values": b'{"a": [' + b"1," * 10_001 + b"1]}",
    "600 KiB": b'{"a": "' + b"x" * 600 * 1024 + b'"}',
}
WRONG: dict[str, list[Any]] = {
    "string": [7, True, ["x"], {"x": 1}],
    "integer": ["7", 1.5, True, [7]],
    "number": ["7", True, [7]],
    "boolean": ["maybe", 7, [True], {"x": 1}],
    "object": ["x", 7, [1], True],
    "array": ["x", 7, {"x": 1}, True],
}


SOON, DAY = datetime(2098, 3, 2, 12, 0, tzinfo=UTC), timedelta(days=1)


@pytest.fixture
def ours(world: SimpleNamespace) -> dict[str, Any]:
    """Ids of rows that are there and could be changed."""
    Membership.objects.filter(person=world.ana).update(is_admin=True, can_break_glass=True)
    rule = gate_rule("team:sre", extend={"who": ["team:sre"], "most": 7200}, editable=["payload.count"])
    make_policy(world.workspace, gates=[rule])
    gate = open_gate(world, reply_to="infra-validator", payload={"target": "prod", "count": 2})
    Question.objects.create(pk=ASKED, gate=gate, asker=world.bo, text="Why?", via="web", asked_at=gate.opened_at)
    Claim.objects.create(gate=gate, person=world.ana, at=gate.opened_at, until=gate.expires_at)
    make_policy(world.workspace, "allow", "approve", types=("*",))
    away = Absence.objects.create(workspace=world.workspace, person=world.ana, starts_at=SOON, ends_at=SOON + DAY)
    return {
        "absence_id": away.pk,
        "handle": send(world).pk,
        "gate_id": gate.pk,
        "thread_id": gate.intent_id,
        "account_id": world.sender.service_account_id,
        "key_id": make_key(world.workspace)[0].pk,
        "address": "infra-validator",
        "address_id": world.agent.pk,
        **webhooks(world),
    }


def webhooks(world: SimpleNamespace) -> dict[str, Any]:
    with durable():
        event = publish(world.principal, None, "deploy.done", "ci", {"number": 1})
        row, _ = subscribe(world.principal, None, Wanted("https://hooks.acme.example/in", ["deploy.*"]))
    return {"event_id": event.pk, "subscription_id": row.pk}


@pytest.mark.parametrize("route", EFFECTS, ids=str)
def test_a_body_that_cannot_be_read_changes_nothing(world: SimpleNamespace, ours: dict[str, Any], route: Route) -> None:
    if route.method == "DELETE" and route.endpoint.body is None:
        pytest.skip("its body is never looked at")
    before = rows()

    answers = {name: call(route, route.method, caller(world, route), body, **ours) for name, body in BROKEN.items()}

    assert {name: status for name, status in statuses(answers).items() if status not in (400, 413)} == {}
    assert rows() == before


@pytest.mark.parametrize("route", [route for route in WITH_BODY if route.endpoint.idempotent], ids=str)
def test_a_field_of_a_wrong_type_changes_nothing_and_is_named(
    world: SimpleNamespace, ours: dict[str, Any], route: Route
) -> None:
    good, wrong, before = GOOD.get(str(route), {}), wrong_fields(route), rows()

    answers = {
        (name, json.dumps(value)): call(
            route, route.method, caller(world, route), json.dumps(good | {name: value}).encode(), **ours
        )
        for name, value in wrong
    }

    assert {name: status for name, status in statuses(answers).items() if status not in (400, 404, 422)} == {}
    if str(route) in GOOD:
        assert [
            (name, answer.json()) for (name, _), answer in answers.items() if name not in answer.content.decode()
        ] == []
    assert rows() == before


@pytest.mark.parametrize("route", [route for route in EFFECTS if "{" in route.path], ids=str)
def test_an_id_that_is_none_or_of_somebody_else_changes_nothing(
    world: SimpleNamespace, ours: dict[str, Any], route: Route
) -> None:
    body = json.dumps(GOOD.get(str(route), {})).encode()
    strange = neighbours()
    agent = make_agent(strange.workspace, "infra-validator")
    every_scope = make_key(strange.workspace, "all", ("send", "work", "provision"), agent=agent)[1]
    foreign = (every_scope, make_token(strange.zoe, strange.workspace))
    before = rows()

    wrong: list[Any] = ["nothing", uuid.uuid4(), "0", "-1", "%00", "%F0%9F%98%80", "..%2F..", "x" * 5000, "{}"]
    answers = {str(word)[:20]: ask(world, route, body, dict.fromkeys(ours, word)) for word in wrong}
    answers["foreign"] = call(route, route.method, credential_for(route, *foreign), body, **ours)

    assert statuses(answers) == dict.fromkeys(answers, 404) | {"%00": 400}
    assert rows() == before


@pytest.mark.parametrize("route", EFFECTS, ids=str)
def test_a_caller_whom_nobody_knows_changes_nothing(world: SimpleNamespace, ours: dict[str, Any], route: Route) -> None:
    body = json.dumps(GOOD.get(str(route), {})).encode()
    credentials = {who: made(world) for who, made in NOBODY.items()}
    before = rows()

    answers = {who: call(route, route.method, credential, body, **ours) for who, credential in credentials.items()}

    assert statuses(answers) == dict.fromkeys(answers, 401)
    assert rows() == before


@pytest.mark.parametrize("route", [route for route in EFFECTS if route.endpoint.idempotent], ids=str)
def test_an_idempotency_key_that_is_too_long_changes_nothing(
    world: SimpleNamespace, ours: dict[str, Any], route: Route
) -> None:
    body = json.dumps(GOOD.get(str(route), {})).encode()
    before = rows()

    answer = ask(world, route, body, ours, HTTP_IDEMPOTENCY_KEY="k" * 256)

    assert answer.status_code == 422
    assert rows() == before


@pytest.mark.parametrize("route", [route for route in WITH_BODY if str(route) in GOOD], ids=str)
def test_a_field_that_nobody_knows_is_a_warning(world: SimpleNamespace, ours: dict[str, Any], route: Route) -> None:
    body, names = GOOD[str(route)] | {"surprise": 1}, ours
    if "digest" in body:
        body["digest"] = Gate.objects.get(pk=ours["gate_id"]).digest
    if route.path.endswith("/retry"):
        names = ours | {"handle": failed(world).pk}

    answer = ask(world, route, json.dumps(body).encode(), names)

    assert answer.status_code == 200, answer.json()
    assert "surprise" in str(answer.json()["warnings"])


@pytest.mark.parametrize("route", WITH_BODY, ids=str)
def test_every_answer_to_a_body_has_room_for_warnings(route: Route) -> None:
    shape = route.endpoint.statuses(route.method, route.path)[200]

    assert "warnings" in shape["properties"]


def caller(world: SimpleNamespace, route: Route) -> tuple[str, str]:
    """Who may call this: the sender with every scope it can have, the agent, or Ana, an admin."""
    MINUTES.forget()
    key = world.work_secret if route.endpoint.access.scopes == ("work",) else world.sender_secret
    return credential_for(route, key, world.tokens["ana"])


def credential_for(route: Route, key: str, token: str) -> tuple[str, str]:
    return (key, "") if route.endpoint.access.scopes else ("", token)


def ask(world: SimpleNamespace, route: Route, body: bytes, names: dict[str, Any], **headers: Any) -> Any:
    return call(route, route.method, caller(world, route), body, headers, **names)


def failed(world: SimpleNamespace) -> Intent:
    """Its agent gave up."""
    intent = send(world)
    finish_work(world, intent, action="fail")
    return intent


def statuses(answers: dict[Any, Any]) -> dict[Any, int]:
    """By name; each a refusal that says what is wrong."""
    for answer in answers.values():
        assert answer.json()["ok"] is False, answer.json()
        assert answer.json()["error"]["message"]
    return {name: answer.status_code for name, answer in answers.items()}


def wrong_fields(route: Route) -> list[tuple[str, Any]]:
    """Each field of the body with values of other types, as the document has them."""
    operation = document()["paths"][route.path][route.method.lower()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = document()["components"]["schemas"].get(name, {}).get("properties", {})
    return [(field, value) for field, shape in fields.items() for value in wrong_for(shape)]


def wrong_for(shape: dict[str, Any]) -> list[Any]:
    kinds = shape.get("type", "object" if "$ref" in shape else [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    wrong = [value for kind in kinds if kind != "null" for value in WRONG[kind]]
    return wrong if len(set(kinds) - {"null"}) == 1 else []
