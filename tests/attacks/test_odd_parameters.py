"""Texts that PostgreSQL cannot hold, where a path or a query takes a text."""

import pytest

from tests.conftest import Api

PATHS = (
    "/v1/schemas/{}",
    "/v1/mesh/agents/{}",
    "/v1/mesh/events?event_type={}",
    "/v1/mesh/agents?health={}",
    "/v1/audit/events?action_prefix={}",
    "/v1/audit/events?owner_agent={}",
    "/v1/webhooks/subscriptions?owner_agent={}",
    "/v1/webhooks/events?state={}",
    "/v1/inbox?owner_agent={}",
    "/v1/inbox?owner_agent=infra-validator&status={}",
    "/v1/inbox/{}",
    "/v1/service-accounts?org_id={}",
    "/v1/service-accounts/{}",
    "/v1/agents/{}",
    "/v1/intents?status={}",
    "/v1/intents/{}",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("odd", ["%00", "a%00b", "%ED%A0%80"])
def test_odd_characters_find_nothing_and_break_nothing(world, path, odd):
    world.people["ana"].memberships.update(is_admin=True)

    answer = Api(token=world.tokens["ana"]).get(path.format(odd))

    assert answer.status_code in (200, 400, 404, 422)
