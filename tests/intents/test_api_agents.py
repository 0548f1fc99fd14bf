"""Agents and keys: who works here, and with what."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from intents import clock
from intents.errors import Invalid
from intents.models import Agent, ApiKey
from intents.services.keys import account_for, create_key, digest_of_secret
from tests.acts import neighbours
from tests.conftest import Api
from tests.factories import make_agent, make_key

FULL = "agent://acme/production/infra-validator"


def test_agents_of_the_workspace_are_listed_and_no_others(world, api):
    make_agent(neighbours().workspace, "theirs")
    make_agent(world.workspace, "another")

    agents = api.get("/v1/agents").json()["agents"]

    assert [agent["address"] for agent in agents] == ["agent://acme/production/another", FULL]
    assert len(api.get("/v1/agents?limit=1").json()["agents"]) == 1


@pytest.mark.parametrize("spelling", ["infra-validator", "acme/production/infra-validator", FULL, quote(FULL, safe="")])
def test_agent_is_found_under_every_spelling_of_its_address(world, api, spelling):
    agent = api.get(f"/v1/agents/{spelling}").json()["agent"]

    assert (agent["address"], agent["status"], agent["last_seen_at"]) == (FULL, "active", None)


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("nobody", 404, "agent_not_found"),
        ("agent://other/production/theirs", 403, "foreign_workspace"),
        ("agent://other/production/nobody", 403, "foreign_workspace"),
        ("a//b", 422, "invalid_agent_address"),
    ],
)
def test_agent_that_is_not_here_is_refused(world, api, address, status, code):
    make_agent(neighbours().workspace, "theirs")

    answer = api.get(f"/v1/agents/{address}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_agent_that_is_switched_off_is_listed_as_suspended(world, api):
    Agent.objects.update(is_active=False)

    assert [agent["status"] for agent in api.get("/v1/agents").json()["agents"]] == ["suspended"]
    assert api.get("/v1/agents/infra-validator").json()["agent"]["status"] == "suspended"


def test_agent_is_shown_with_the_account_that_its_keys_are_of(world, api):
    agent = api.get("/v1/agents/infra-validator").json()["agent"]

    assert agent["service_account_name"] == "worker"
    assert agent["service_account_id"] == str(world.work.service_account_id)


def test_agents_of_another_place_than_the_keys_are_404(world, api):
    assert api.get("/v1/agents?org_id=acme&workspace_id=production").status_code == 200
    assert api.get("/v1/agents?org_id=other&workspace_id=production").status_code == 404


def test_key_is_stored_as_a_digest_and_shown_once(world):
    key, secret = make_key(world.workspace)

    assert secret.startswith("csk_")
    assert len(secret) >= 40
    assert key.digest == digest_of_secret(secret)
    assert secret not in str(ApiKey.objects.filter(pk=key.pk).values())
    assert key.expires_at - clock.now() <= timedelta(days=365)


@pytest.mark.parametrize("scopes", [[], ["decide"], ["send", "admin"], ["work"]])
def test_key_has_known_scopes_and_a_worker_has_an_agent(world, scopes):
    with pytest.raises(Invalid):
        create_key(account_for(world.workspace, "x"), scopes=scopes)


def test_key_that_only_sends_is_bound_to_no_agent(world):
    key, _ = make_key(world.workspace, "plain", ("send",), agent=world.agent)

    assert key.agent is None


def test_key_and_its_secret_are_told_apart_from_a_persons_token(world):
    assert Api(token=world.sender_secret).get("/v1/me/tasks").json()["error"]["code"] == "missing_actor_token"
    assert Api(world.tokens["ana"]).get("/v1/intents").status_code == 401
