"""Every refusal has the same shape, and what two readers could read differently is refused at the door."""

import json
from datetime import timedelta

import pytest

from intents import clock
from intents.models import ApiKey, Intent
from tests.acts import say
from tests.conftest import Api
from tests.factories import make_key, make_token, open_gate

GOOD = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {"a": 1}}


def raw(api, body: bytes | str, path: str = "/v1/intents"):
    return api.client.post(path, body, content_type="application/json", **api.headers)


def assert_envelope(answer, status: int, code: str = "") -> None:
    body = answer.json()
    assert answer.status_code == status
    assert body["ok"] is False
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["detail"] == body["error"]["message"]
    assert body["error"]["message"]
    assert code in ("", body["error"]["code"])


def resolved_twice(world):
    path, body = f"/v1/intents/{open_gate(world).intent_id}/resolve", {"status": "CANCELED"}
    Api(world.sender_secret).post(path, body)
    return Api(world.sender_secret).post(path, body)


REFUSALS = {
    "no key": (401, "missing_platform_api_key", lambda w: Api().post("/v1/intents", GOOD)),
    "unknown key": (401, "invalid_platform_api_key", lambda w: Api("csk_wrong").post("/v1/intents", GOOD)),
    "unknown token": (401, "invalid_actor_token", lambda w: Api(token="cst_wrong").get("/v1/me/tasks")),
    "scope": (403, "invalid_scope", lambda w: Api(w.work_secret).post("/v1/intents", GOOD)),
    "person alone sends": (403, "invalid_scope", lambda w: Api(token=w.tokens["ana"]).post("/v1/intents", GOOD)),
    "unknown intent": (404, "not_found", lambda w: Api(w.sender_secret).get("/v1/intents/nothing")),
    "unknown agent": (404, "agent_not_found", lambda w: Api(w.sender_secret).get("/v1/agents/nobody")),
    "method": (405, "", lambda w: Api(w.sender_secret).post("/v1/agents", {})),
    "bad type": (
        422,
        "schema_invalid",
        lambda w: Api(w.sender_secret).post("/v1/intents", GOOD | {"intent_type": "x"}),
    ),
    "bad limit": (422, "invalid_parameter", lambda w: Api(w.sender_secret).get("/v1/intents?limit=0")),
    "two owners": (
        400,
        "owner_mismatch",
        lambda w: Api(w.sender_secret).get(
            f"/v1/intents/{open_gate(w).intent_id}?owner_agent=a", HTTP_X_OWNER_AGENT="b"
        ),
    ),
    "conflict": (409, "already_terminal", resolved_twice),
}


@pytest.mark.parametrize(("status", "code", "call"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_has_the_envelope(world, status, code, call):
    assert_envelope(call(world), status, code)


def test_field_errors_name_the_path_of_each_field(api):
    body = {"to_agent": 7, "payload": [], "human_task": {"assignees": ["a", 1]}, "remind_after_seconds": "60"}

    fields = api.post("/v1/intents", body).json()["error"]["details"]["fields"]

    assert set(fields) == {"intent_type", "to_agent", "payload", "human_task.assignees.1", "remind_after_seconds"}


STRICT = {
    "duplicate key": (b'{"intent_type": "a", "intent_type": "b"}', "json_duplicate_key"),
    "duplicate key inside": (b'{"payload": {"a": {"b": 1, "b": 2}}}', "json_duplicate_key"),
    "NaN": (b'{"payload": {"a": NaN}}', "json_number"),
    "Infinity": (b'{"payload": {"a": -Infinity}}', "json_number"),
    "overflow": (b'{"payload": {"a": 1e999}}', "json_number"),
    "big integer": (b'{"payload": {"a": 9007199254740992}}', "json_number"),
    "lone surrogate": (b'{"payload": {"a": "\\ud800"}}', "json_text"),
    "null character": (b'{"payload": {"a": "\\u0000"}}', "json_text"),
    "no UTF-8": (b'{"payload": {"a": "\xff"}}', "json_text"),
    "depth": (b'{"payload": ' + b'{"a": ' * 32 + b"1" + b"}" * 33, "json_too_deep"),
    "nodes": (b'{"payload": {"a": [' + b"1," * 10_000 + b"1]}}", "json_too_many_nodes"),
    "no JSON": (b"{", "json_invalid"),
    "no object": (b"[]", "json_invalid"),
}


@pytest.mark.parametrize(("body", "code"), STRICT.values(), ids=STRICT)
@pytest.mark.parametrize("path", ["/v1/intents", "/v1/scenarios/apply", "/v1/scenarios/validate"])
def test_json_that_two_readers_could_read_differently_is_400(api, path, body, code):
    assert_envelope(raw(api, body, path), 400, code)
    assert not Intent.objects.exists()


def test_json_is_strict_also_where_a_person_answers(world):
    gate = open_gate(world)
    ana = Api(token=world.tokens["ana"])
    twice = b'{"decision": "reject", "decision": "approve"}'

    for path in (f"/v1/approvals/{gate.pk}/decision", f"/v1/intents/{gate.intent_id}/resume"):
        assert_envelope(raw(ana, twice, path), 400, "json_duplicate_key")
    assert say(gate, world.ana).recorded


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_json_is_read_whatever_the_content_type_says(api, content_type):
    answer = api.client.post("/v1/intents", json.dumps(GOOD).encode(), content_type=content_type, **api.headers)

    assert answer.status_code == 200


def test_body_that_is_empty_is_an_empty_object(api):
    assert_envelope(raw(api, b""), 422, "schema_invalid")


@pytest.mark.parametrize(("size", "code"), [(513 * 1024, "body_too_large"), (257 * 1024, "json_too_large")])
def test_sizes_beyond_the_limits_are_413(api, size, code):
    answer = api.post("/v1/intents", GOOD | {"payload": {"a": "x" * size}})

    assert_envelope(answer, 413)
    assert code in (answer.json()["error"]["code"], "body_too_large")


def test_payload_within_its_limit_is_taken(api):
    assert api.post("/v1/intents", GOOD | {"payload": {"a": "x" * (255 * 1024)}}).status_code == 200


DEAD = {
    "revoked": {"revoked_at": clock.now()},
    "expired": {"expires_at": clock.now() - timedelta(seconds=1)},
}


@pytest.mark.parametrize("fields", DEAD.values(), ids=DEAD)
def test_key_that_is_dead_is_401_like_an_unknown_one(world, api, fields):
    ApiKey.objects.update(**fields)

    assert api.get("/v1/intents").json() == Api("csk_unknown").get("/v1/intents").json()


@pytest.mark.parametrize("why", ["revoked", "expired", "left", "switched off"])
def test_token_that_is_dead_is_401_like_an_unknown_one(world, why):
    token = make_token(world.ana, world.workspace)
    if why in DEAD:
        world.ana.tokens.update(**DEAD[why])
    elif why == "left":
        world.ana.memberships.update(is_active=False)
    else:
        world.ana.is_active = False
        world.ana.save()

    answer = Api(token=token).get("/v1/me/tasks")

    assert_envelope(answer, 401, "invalid_actor_token")


def test_bearer_may_carry_the_api_key_alone(world):
    assert Api(token=world.sender_secret).post("/v1/intents", GOOD).status_code == 200


def test_key_types_and_targets_bound_what_it_sends(world):
    _, secret = make_key(
        world.workspace, "narrow", ("send",), types=["intent.infra.*"], targets=["agent://acme/production/infra-*"]
    )
    narrow = Api(secret)

    assert narrow.post("/v1/intents", GOOD).status_code == 200
    assert_envelope(narrow.post("/v1/intents", GOOD | {"intent_type": "intent.pay.v1"}), 403, "type_not_allowed")
    assert_envelope(narrow.post("/v1/intents", GOOD | {"to_agent": "payments"}), 403, "target_not_allowed")
    assert Intent.objects.count() == 1


def test_health_needs_no_key(db):
    assert Api().get("/health").json() == {"ok": True}
