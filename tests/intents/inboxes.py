"""What the tests of inboxes share: an agent that wants answers, a second one, and their keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from intents.models import Intent
from tests.acts import gate_of, say
from tests.conftest import Api
from tests.factories import make_agent, make_key, send

PLANNER = "agent://acme/production/planner"
HELPER = "agent://acme/production/helper"


def with_agents(world: SimpleNamespace) -> SimpleNamespace:
    """The world with the agents `planner` and `helper`, each with an API client of its own, and Ana's."""
    for name in ("planner", "helper"):
        agent = make_agent(world.workspace, name)
        _, secret = make_key(world.workspace, name, ("work",), agent=agent)
        setattr(world, name, Api(secret))
        setattr(world, f"{name}_secret", secret)
    world.ana_api = Api(world.planner_secret, world.tokens["ana"])
    return world


def asked(world: SimpleNamespace, **fields: Any) -> Intent:
    """An intent that waits for people; the planner gets the answer."""
    return send(world, to_agent="human", reply_to=PLANNER, **fields)


def answered(world: SimpleNamespace, outcome: str = "approved", **fields: Any) -> Intent:
    """The same, decided by Ana."""
    intent = asked(world, **fields)
    say(gate_of(intent), world.ana, outcome, comment="fine by me")
    return intent


def thread(api: Api, intent: Intent, query: str = "") -> dict[str, Any]:
    """The intent's thread as this client sees it."""
    answer = api.get(f"/v1/inbox/{intent.pk}{query}")
    assert answer.status_code == 200, answer.content
    return dict(answer.json()["thread"])


def kinds(shown: dict[str, Any]) -> list[str]:
    """The types of a thread's entries, without `inbox.`."""
    return [entry["event_type"].removeprefix("inbox.") for entry in shown["timeline"]]


def act(api: Api, intent: Intent, name: str, body: Any = None, status: int = 200, **headers: Any) -> dict[str, Any]:
    """One of the acts on the intent's thread; its answer."""
    answer = api.post(f"/v1/inbox/{intent.pk}/{name}", body, **headers)
    assert answer.status_code == status, answer.content
    return dict(answer.json())


def changes(api: Api, query: str = "") -> dict[str, Any]:
    """What is new in the client's inbox."""
    answer = api.get(f"/v1/inbox/changes{query}")
    assert answer.status_code == 200, answer.content
    return dict(answer.json())
