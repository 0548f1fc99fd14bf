"""The stock client asks, a person decides, and the example's executor acts once on the receipt, whoever shows it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from types import ModuleType

import pytest
from jwt import InvalidAudienceError, InvalidSignatureError

from tests.factories import make_agent, make_key
from tests.live import ROOT
from tests.stories.requests import AGENT, change

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PAYLOAD = {"target": "prod"}
Executor = Callable[..., ModuleType]


@pytest.fixture
def executor(live, asking, monkeypatch) -> Executor:
    """examples/executor.py as a program of its own, with an agent's key."""

    def started(audience: str = "acme/production", key: str = "") -> ModuleType:
        if not key:
            agent = make_agent(asking.workspace, "deployer")
            key = make_key(asking.workspace, "deployer", ("work",), agent=agent)[1]
        monkeypatch.setenv("COUNTERSIGN_URL", live.url)
        monkeypatch.setenv("COUNTERSIGN_KEY", key)
        monkeypatch.setenv("COUNTERSIGN_AUDIENCE", audience)
        spec = importlib.util.spec_from_file_location("executor", ROOT / "examples" / "executor.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return started


def test_executor_acts_once_on_the_receipt_that_wait_for_returns(sender, ana, executor):
    intent_id = sender.send_intent(change(payload=PAYLOAD))
    ana.resume_intent(intent_id, {"task_result": {"outcome": "approved"}})
    receipt = sender.wait_for(intent_id, timeout_seconds=10)["details"]["receipt"]
    deployer = executor()

    with pytest.raises(PermissionError, match="what was approved is not this payload"):
        deployer.check(receipt, PAYLOAD | {"target": "all"})
    with pytest.raises((InvalidSignatureError, ValueError)):
        deployer.check(receipt[:-20] + "A" * 20, PAYLOAD)

    assert deployer.check(receipt, PAYLOAD)["intent_id"] == intent_id
    with pytest.raises(PermissionError, match="by agent://acme/production/deployer: do not act again"):
        deployer.check(receipt, PAYLOAD)


def test_agent_acts_on_the_receipt_that_comes_with_its_work_and_nobody_else_can(sender, agent, ana, asking, executor):
    task = {"title": "Deploy", "task_type": "approval", "allowed_outcomes": ["approved", "rejected"]}
    intent_id = sender.send_intent(
        {"intent_type": "intent.chore.v1", "to_agent": AGENT, "payload": PAYLOAD, "human_task": task}
    )
    ana.resume_intent(intent_id, {"task_result": {"outcome": "approved"}})
    work = next(agent.listen(AGENT, wait_seconds=5, timeout_seconds=20))

    with pytest.raises(InvalidAudienceError):
        executor().check(work["receipt"], PAYLOAD)
    mine = executor(AGENT, asking.work_secret)

    assert mine.check(work["receipt"], work["payload"])["step_id"] == work["step_id"]
    agent.resume_intent(work["intent_id"], {"deployed": True})
    assert sender.wait_for(intent_id, timeout_seconds=10)["details"]["receipt"] == work["receipt"]
