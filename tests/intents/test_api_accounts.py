"""Service accounts over the wire: made, listed, and with an agent that is registered but never altered."""

import pytest

from intents.models import Agent, ServiceAccount
from tests.acts import neighbours
from tests.conftest import Api
from tests.factories import make_agent, make_key

ACCOUNTS = "/v1/service-accounts"
SENDS = {"scopes": ["send"], "types": ["*"], "targets": ["*"]}
VALIDATOR = "agent://acme/production/infra-validator"


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def owned_by(world, *people) -> Api:
    """A provisioning key that these people answer for."""
    owners = [person.ref for person in people]
    name = f"provisioner {ServiceAccount.objects.count()}"
    return Api(make_key(world.workspace, name, ("send", "provision"), owners=owners)[1])


def test_account_is_made_when_asked_as_stock_clients_do(world, api):
    body = {
        "org_id": "acme",
        "workspace_id": "production",
        "name": "ci",
        "description": "x",
        "created_by_actor_id": "y",
    }

    account = api.post(ACCOUNTS, body).json()["service_account"]

    assert account["name"] == "ci"
    assert (account["org_id"], account["workspace_id"]) == ("acme", "production")
    assert (account["agent_address"], account["address"]) == (None, None)
    assert api.get(f"{ACCOUNTS}/{account['service_account_id']}").json()["service_account"]["keys"] == []
    assert ServiceAccount.objects.get(name="ci").workspace == world.workspace


def test_account_is_answered_for_by_its_makers_people(world):
    account = owned_by(world, world.ana, world.bo).post(ACCOUNTS, {"name": "ci"}).json()["service_account"]

    assert account["owners"] == [world.ana.ref, world.bo.ref]


def test_account_is_answered_for_by_the_person_beside_the_key(world):
    both = Api(world.sender_secret, world.tokens["cy"])

    assert both.post(ACCOUNTS, {"name": "ci"}).json()["service_account"]["owners"] == [world.cy.ref]


def test_account_registers_its_agent_when_it_is_missing(world, api):
    account = api.post(ACCOUNTS, {"name": "bot", "agent_address": "release-bot"}).json()["service_account"]

    assert account["agent_address"] == "agent://acme/production/release-bot"
    assert Agent.objects.get(address=account["agent_address"]).is_active


def test_account_never_alters_an_agent_that_is_here(world, api):
    before = Agent.objects.filter(pk=make_agent(world.workspace, "idle").pk).values().get()
    body = {"name": "bot", "agent_address": "idle", "display_name": "Mine now"}

    assert api.post(ACCOUNTS, body).status_code == 200

    assert Agent.objects.filter(pk=before["id"]).values().get() == before


def test_account_cannot_have_an_agent_for_which_nobody_answers(world, api):
    assert refusal(api.post(ACCOUNTS, {"name": "thief", "agent_address": VALIDATOR})) == (403, "not_your_account")


def test_account_cannot_have_an_agent_that_other_people_answer_for(world, api):
    ServiceAccount.objects.filter(name="worker").update(agent=world.agent, owners=[world.bo.ref])

    assert refusal(api.post(ACCOUNTS, {"name": "thief", "agent_address": VALIDATOR})) == (403, "not_your_account")
    assert refusal(owned_by(world, world.ana).post(ACCOUNTS, {"name": "thief", "agent_address": VALIDATOR}))[0] == 403
    assert not ServiceAccount.objects.filter(name="thief").exists()
    assert owned_by(world, world.bo).post(ACCOUNTS, {"name": "mine", "agent_address": VALIDATOR}).status_code == 200


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("human", 422, "invalid_agent_address"),
        ("a//b", 422, "invalid_agent_address"),
        ("agent://other/production/theirs", 403, "foreign_workspace"),
    ],
)
def test_account_is_refused_when_its_agent_cannot_be_here(world, api, address, status, code):
    assert refusal(api.post(ACCOUNTS, {"name": "bot", "agent_address": address})) == (status, code)
    assert not ServiceAccount.objects.filter(name="bot").exists()


@pytest.mark.parametrize("name", ["", "x" * 64, "key:ana", "caf\u00e9", "a\u202eb", "a\nb", "-a", 7])
def test_account_is_refused_when_its_name_could_deceive(api, name):
    assert refusal(api.post(ACCOUNTS, {"name": name})) == (422, "schema_invalid")


def test_account_is_refused_when_the_name_is_taken(api):
    api.post(ACCOUNTS, {"name": "ci"})

    assert refusal(api.post(ACCOUNTS, {"name": "ci"})) == (409, "service_account_exists")


def test_account_is_made_once_when_the_request_is_repeated(api):
    first, again = (api.post(ACCOUNTS, {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="k").json() for _ in range(2))

    assert first == again
    assert ServiceAccount.objects.filter(name="ci").count() == 1


@pytest.mark.parametrize("place", [{"org_id": "other"}, {"workspace_id": "staging"}])
def test_account_of_another_workspace_is_404(world, api, place):
    other = neighbours()
    theirs = Api(other.sender_secret).post(ACCOUNTS, {"name": "theirs"}).json()["service_account"]

    assert refusal(api.post(ACCOUNTS, {"name": "ci", **place})) == (404, "not_found")
    assert api.client.get(ACCOUNTS, place, **api.headers).status_code == 404
    unknown = api.get(f"{ACCOUNTS}/01a1f92d-e9bd-763b-bc43-e0fb69d614c3")
    assert api.get(f"{ACCOUNTS}/{theirs['service_account_id']}").json() == unknown.json()
    assert unknown.status_code == 404


def test_accounts_of_the_workspace_are_listed_and_no_others(world, api):
    Api(neighbours().sender_secret).post(ACCOUNTS, {"name": "theirs"})
    api.post(ACCOUNTS, {"name": "ci"})

    rows = api.get(f"{ACCOUNTS}?org_id=acme&workspace_id=production").json()["service_accounts"]

    assert [row["name"] for row in rows] == ["ci", "sender", "worker"]


def test_account_endpoints_need_the_scope_provision(world):
    account = ServiceAccount.objects.get(name="worker")
    key = account.keys.get()
    make_agent(world.workspace, "another")
    plain = make_key(world.workspace, "plain", ("send",))[1]

    for caller in (Api(plain), Api(world.work_secret), Api(token=world.tokens["ana"])):
        answers = [
            caller.get(ACCOUNTS),
            caller.post(ACCOUNTS, {"name": "x"}),
            caller.get(f"{ACCOUNTS}/{account.pk}"),
            caller.get(f"{ACCOUNTS}/{account.pk}/keys"),
            caller.post(f"{ACCOUNTS}/{account.pk}/keys", {"scopes": ["work"]}),
            caller.post(f"{ACCOUNTS}/{account.pk}/keys/{key.pk}/revoke"),
            caller.get(f"{ACCOUNTS}/nothing"),
        ]
        assert {refusal(answer) for answer in answers} == {(403, "invalid_scope")}
