"""Keys over the wire: shown once, never stronger than their maker, dead as soon as they are revoked."""

import json
from datetime import timedelta

import pytest

from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from intents.models import Agent, ApiKey, IdempotencyRecord, Intent, ServiceAccount
from tests.acts import neighbours, take_work
from tests.conftest import Api
from tests.factories import make_key, make_policy, send
from tests.intents.test_api_accounts import ACCOUNTS, SENDS, VALIDATOR, owned_by, refusal

PING = {"intent_type": "intent.infra.ping.v1", "to_agent": "infra-validator", "payload": {}}


def account(api, name="ci", **fields) -> str:
    return str(api.post(ACCOUNTS, {"name": name, **fields}).json()["service_account"]["service_account_id"])


def keys(account_id) -> str:
    return f"{ACCOUNTS}/{account_id}/keys"


def limited(world, **fields) -> Api:
    return Api(make_key(world.workspace, "limited", ("send", "provision"), **fields)[1])


def test_key_works_at_once_and_is_listed_without_its_secret(world, api):
    path = keys(account(api))

    key = api.post(path, SENDS).json()["key"]

    assert Api(key["token"]).post("/v1/intents", PING).status_code == 200
    assert (key["status"], key["scopes"], key["key_hint"]) == ("active", ["send"], key["token"][:8])
    listed = api.get(path)
    assert [row["key_id"] for row in listed.json()["keys"]] == [key["key_id"]]
    assert key["token"] not in listed.content.decode()
    assert "digest" not in listed.content.decode()


def test_key_secret_is_not_shown_again_when_the_request_is_repeated(world, api):
    path = keys(account(api))

    first, again = (api.post(path, SENDS, HTTP_IDEMPOTENCY_KEY="k").json()["key"] for _ in range(2))

    token = first.pop("token")
    assert again == first
    assert token not in json.dumps(list(IdempotencyRecord.objects.values_list("response", flat=True)))
    assert ApiKey.objects.filter(service_account__name="ci").count() == 1


def test_key_of_an_agents_account_takes_its_work(world, api):
    make_policy(world.workspace, action="approve")
    account_id = account(api, "bot", agent_address="release-bot")

    key = api.post(keys(account_id)).json()["key"]

    assert (key["scopes"], key["agent_address"]) == (["work"], "agent://acme/production/release-bot")
    world.agent = Agent.objects.get(name="release-bot")
    intent = send(world, to_agent="release-bot")
    handle = take_work(world)["intent_id"]
    assert Api(key["token"]).post(f"/v1/intents/{handle}/resume", {"done": True}).json()["applied"]
    assert Intent.objects.get(pk=intent.pk).status == "COMPLETED"


def test_key_that_works_needs_an_account_with_an_agent(api):
    assert refusal(api.post(keys(account(api)), {"scopes": ["work"]})) == (422, "agent_required")


def test_key_that_works_is_refused_when_its_agent_is_switched_off(world, api):
    account_id = account(api, "bot", agent_address="release-bot")
    Agent.objects.filter(name="release-bot").update(is_active=False)

    assert refusal(api.post(keys(account_id), {"scopes": ["work"]})) == (409, "agent_suspended")


@pytest.mark.parametrize("scopes", [["decide"], ["admin"], ["provision", "root"]])
def test_key_is_refused_when_a_scope_does_not_exist(api, scopes):
    assert refusal(api.post(keys(account(api)), {"scopes": scopes})) == (422, "invalid")
    assert not ApiKey.objects.filter(service_account__name="ci").exists()


def test_key_cannot_have_a_scope_that_its_maker_lacks(world):
    maker = Api(make_key(world.workspace, "narrow", ("provision",))[1])
    account_id = account(maker)

    assert refusal(maker.post(keys(account_id), SENDS)) == (403, "invalid_scope")
    child = Api(maker.post(keys(account_id), {"scopes": ["provision"]}).json()["key"]["token"])
    assert refusal(child.post(keys(account_id), SENDS)) == (403, "invalid_scope")


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (["intent.infra.*"], True),
        (["intent.infra.ping.v1"], True),
        (["intent.infra.deep*"], True),
        (["intent.exact.v1"], True),
        (["intent.*"], False),
        (["*"], False),
        (["intent.exact.v1*"], False),
        (["intent.infra.ping.v1", "intent.pay.v1"], False),
    ],
)
def test_key_types_are_within_its_makers(world, wanted, taken):
    maker = limited(world, types=["intent.infra.*", "intent.exact.v1"])

    answer = maker.post(keys(account(maker)), SENDS | {"types": wanted})

    assert answer.status_code == (200 if taken else 403)
    assert ApiKey.objects.filter(service_account__name="ci").exists() == taken


@pytest.mark.parametrize("missing", ["types", "targets"])
@pytest.mark.parametrize("empty", [[], None])
def test_key_that_sends_is_refused_when_it_does_not_list_what_and_to_whom(world, api, missing, empty):
    body = {name: value for name, value in (SENDS | {missing: empty}).items() if value is not None}

    answer = api.post(keys(account(api)), body)

    assert refusal(answer) == (422, "patterns_required")
    assert answer.json()["error"]["details"] == {"field": missing}
    assert not ApiKey.objects.filter(service_account__name="ci").exists()


@pytest.mark.parametrize(
    "patterns",
    [{"types": ["intent.*.v1"]}, {"types": ["*.v1"]}, {"targets": ["infra-validator"]}, {"targets": ["agent://a*/x"]}],
)
def test_key_is_refused_a_pattern_that_would_match_nothing(api, patterns):
    assert refusal(api.post(keys(account(api)), SENDS | patterns)) == (422, "schema_invalid")


def test_key_of_before_without_lists_still_sends_everything(world):
    old = Api(make_key(world.workspace, "old", ("send",))[1])

    assert old.post("/v1/intents", PING).status_code == 200


def test_key_targets_are_within_its_makers(world):
    maker = limited(world, targets=["agent://acme/production/infra-*"])
    path = keys(account(maker))

    assert refusal(maker.post(path, SENDS | {"targets": ["agent://acme/*"]})) == (403, "target_not_allowed")
    assert maker.post(path, SENDS | {"targets": [VALIDATOR]}).status_code == 200


def test_four_eyes_cannot_be_walked_around_with_a_fresh_key(world):
    make_policy(world.workspace, gates=[{"place": "before", "requirement": [{"who": ["team:sre"], "need": 1}]}])
    maker = owned_by(world, world.ana)
    key = maker.post(keys(account(maker)), SENDS | {"scopes": ["send", "provision"]}).json()["key"]
    grandchild = Api(key["token"]).post(keys(account(Api(key["token"]), "second")), SENDS).json()["key"]

    for token in (key["token"], grandchild["token"]):
        intent = Intent.objects.get(pk=Api(token).post("/v1/intents", PING | {"to_agent": "human"}).json()["intent_id"])
        gate = intent.gates.get()
        assert intent.excluded == [world.ana.ref]
        assert decide(gate.pk, Answer("approved"), world.ana, via="web", strength="signed_in").code == "four_eyes"


def test_key_owners_include_the_owners_of_its_makers_account(world):
    maker = owned_by(world, world.ana)
    ServiceAccount.objects.filter(name__startswith="provisioner").update(owners=[world.bo.ref])

    key = maker.post(keys(account(maker)), SENDS).json()["key"]

    assert key["owners"] == [world.ana.ref, world.bo.ref]


def test_key_is_not_made_or_revoked_when_other_people_answer_for_the_account(world, api):
    bos = owned_by(world, world.bo)
    path = keys(account(bos))
    key = bos.post(path, SENDS).json()["key"]

    for stranger in (api, owned_by(world, world.ana)):
        assert refusal(stranger.post(path, SENDS)) == (403, "not_your_account")
        assert refusal(stranger.post(f"{path}/{key['key_id']}/revoke")) == (403, "not_your_account")
    assert Api(key["token"]).get("/v1/intents").status_code == 200
    assert owned_by(world, world.ana, world.bo).post(f"{path}/{key['key_id']}/revoke").status_code == 200


def test_key_is_401_as_soon_as_it_is_revoked(world, api):
    path = keys(account(api))
    key = api.post(path, SENDS).json()["key"]

    first = api.post(f"{path}/{key['key_id']}/revoke").json()["key"]

    assert (first["status"], first["service_account_id"]) == ("revoked", key["service_account_id"])
    assert refusal(Api(key["token"]).get("/v1/intents")) == (401, "invalid_platform_api_key")
    assert api.post(f"{path}/{key['key_id']}/revoke").json()["key"] == first
    assert api.get(path).json()["keys"][0]["status"] == "revoked"


def test_key_of_another_workspace_or_account_is_404(world, api):
    other = Api(neighbours().sender_secret)
    theirs = keys(account(other))
    key = other.post(theirs, SENDS).json()["key"]
    mine = keys(account(api))

    answers = [
        api.get(theirs),
        api.post(theirs, SENDS),
        api.post(f"{theirs}/{key['key_id']}/revoke"),
        api.post(f"{mine}/{key['key_id']}/revoke"),
        api.post(f"{mine}/nothing/revoke"),
    ]

    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert Api(key["token"]).get("/v1/intents").status_code == 200


def test_key_lasts_a_year_at_most(api):
    path = keys(account(api))
    soon, late = clock.now() + timedelta(days=3), clock.now() + timedelta(days=4000)

    made = [api.post(path, SENDS | {"expires_at": at.isoformat()}).json()["key"] for at in (soon, late)]

    rows = [ApiKey.objects.get(pk=key["key_id"]).expires_at for key in made]
    assert rows[0] == soon
    assert rows[1] <= clock.now() + timedelta(days=365)
    past = SENDS | {"expires_at": "2020-01-01T00:00:00Z"}
    assert refusal(api.post(path, past)) == (422, "deadline_passed")


def test_key_fields_that_nobody_knows_are_a_warning(api):
    answer = api.post(keys(account(api)), SENDS | {"colour": "red"}).json()

    assert answer["warnings"] == ["The field 'colour' is not known and was ignored."]
