"""What the server says it can do."""

import pytest

from tests.conftest import Api


@pytest.mark.parametrize("who", ["sender", "worker", "person"])
def test_capabilities_are_told_to_every_credential(world, who):
    token = world.tokens["ana"] if who == "person" else ""
    key = {"sender": world.sender_secret, "worker": world.work_secret}.get(who, "")

    answer = Api(key, token).get("/v1/capabilities")

    body = answer.json()
    assert (answer.status_code, body["ok"]) == (200, True)
    assert body["capabilities"]
    assert all(len(name) >= 3 for name in body["capabilities"])
    assert body["supported_intent_types"]
    assert all(name.startswith("intent.") and name.endswith(".v1") for name in body["supported_intent_types"])


def test_capabilities_are_not_told_without_a_credential(db):
    assert Api().get("/v1/capabilities").status_code == 401
