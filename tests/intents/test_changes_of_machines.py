"""Machines' accounts, keys and agents: whoever makes or ends one is in the workspace's chain."""

import pytest

from intents.models import Agent, ApiKey, ServiceAccount, WorkspaceEntry
from intents.services.verify import chain_fits
from tests.acts import bundle, fresh, neighbours, signoff
from tests.changes import changes, entries, everything_said, newest
from tests.intents.test_api_accounts import SENDS


@pytest.fixture
def count(world) -> int:
    return WorkspaceEntry.objects.count()


def account(api, name: str = "ci", **fields) -> str:
    made = api.post("/v1/service-accounts", {"name": name, **fields}).json()
    return str(made["service_account"]["service_account_id"])


def test_an_account_is_recorded_when_it_is_made(api, world):
    account(api)

    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("service_account.created", "key:sender", None)
    assert after == {"workspace": "acme/production", "name": "ci", "owners": [], "agent": None, "made_by": "sender"}


def test_its_agent_is_recorded_when_that_is_new(api, world):
    account(api, agent_address="fresh")

    assert changes(world.workspace)[-2:] == ["agent.created", "service_account.created"]
    assert newest(world.workspace)[3]["agent"] == "agent://acme/production/fresh"


def test_its_agent_is_not_recorded_when_it_was_there(api, world):
    account(api, agent_address="fresh")
    account(api, name="second", agent_address="fresh")

    assert changes(world.workspace, "agent.") == ["agent.created"]


def test_nothing_is_recorded_when_an_account_is_refused(api, world, count):
    assert api.post("/v1/service-accounts", {"name": "sender", "agent_address": "fresh"}).status_code == 409

    assert WorkspaceEntry.objects.count() == count
    assert not Agent.objects.filter(name="fresh").exists()


def test_nothing_is_recorded_twice_when_a_request_is_repeated(api, world, count):
    for _ in range(2):
        api.post("/v1/service-accounts", {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="k")

    assert WorkspaceEntry.objects.count() == count + 1


def test_a_key_is_recorded_without_its_secret_when_it_is_made(api, world):
    where = f"/v1/service-accounts/{account(api)}/keys"
    secret = api.post(where, SENDS | {"types": ["intent.infra.*"]}).json()["key"]["token"]

    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("key.created", "key:sender", None)
    assert (after["scopes"], after["types"]) == (["send"], ["intent.infra.*"])
    key = ApiKey.objects.get(service_account__name="ci")
    assert secret not in everything_said()
    assert key.digest not in everything_said()


def test_a_key_is_recorded_once_when_it_is_revoked_twice(api, world):
    where = f"/v1/service-accounts/{account(api)}/keys"
    key = api.post(where, SENDS).json()["key"]["key_id"]
    for _ in range(2):
        assert api.post(f"{where}/{key}/revoke").status_code == 200

    assert changes(world.workspace, "key.revoked") == ["key.revoked"]
    change, actor, before, after = newest(world.workspace)
    assert (change, actor, before) == ("key.revoked", "key:sender", {"revoked_at": None})
    assert list(after) == ["revoked_at"]


def test_an_agent_is_recorded_when_a_scenario_registers_it(api, world):
    scenario = bundle(signoff())
    scenario["agents"].append({"role": "b", "address": "other-agent", "create_if_missing": True})
    intent = api.post("/v1/scenarios/apply", scenario).json()["intent_id"]

    assert newest(world.workspace)[:2] == ("agent.created", "key:sender")
    assert chain_fits(fresh(Agent.objects.get(name="other-agent").workspace.intents.get(pk=intent)))


@pytest.mark.parametrize("path", ["validate", "apply"])
def test_nothing_is_recorded_when_a_scenario_registers_nobody(api, world, count, path):
    scenario = bundle(signoff())
    if path == "validate":
        scenario["agents"].append({"role": "b", "address": "other-agent", "create_if_missing": True})

    assert api.post(f"/v1/scenarios/{path}", scenario).status_code == 200

    assert WorkspaceEntry.objects.count() == count


def test_nothing_enters_another_workspaces_chain_when_something_changes(api, world):
    other = neighbours()
    before = entries(other.workspace)

    account(api)

    assert entries(other.workspace) == before
    assert ServiceAccount.objects.filter(name="ci").count() == 1
