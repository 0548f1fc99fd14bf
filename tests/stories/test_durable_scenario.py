"""A scenario of an agent's step and a person's, with every program a process of its own, and any of them killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx
import pytest

from approvals.models import Gate
from intents.lifecycle import Status
from intents.models import Agent, Intent, StepResult
from tests.factories import gate_rule, make_key, make_policy
from tests.live import LONGEST, Live, Running, eventually, free_port, running, serving
from tests.races.troupe import assert_sound, types_of

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

R = TypeVar("R")
AGENT = "infra-validator-demo"
NO_REDIS = {"REDIS_URL": ""}
STEPS: list[dict[str, Any]] = [
    {
        "step_id": "validate_change",
        "tool_id": "tool.agent.task.v1",
        "assigned_to": "infra_validator",
        "step_deadline_seconds": 6,  # with three attempts a lease is two seconds
    },
    {
        "step_id": "sre_approval",
        "tool_id": "tool.approval.human_signoff",
        "assigned_to": "sre_oncall",
        "requires_approval": True,
        "step_deadline_seconds": 3600,
        "remind_after_seconds": 300,
        "human_task": {"title": "SRE approval", "description": "Validation passed. Approve or reject."},
    },
]
PAYLOAD = {"change_type": "database_migration", "target": "prod-postgres-main", "migration": "add_index_users_email"}
SCENARIO: dict[str, Any] = {
    "scenario_id": "durable-execution-human-approval.demo.v1",
    "agents": [{"role": "infra_validator", "address": AGENT, "delivery_mode": "stream", "create_if_missing": True}],
    "humans": [{"role": "sre_oncall", "display_name": "SRE On-Call"}],
    "workflow": {"steps": STEPS},
    "intent": {"type": "intent.infra.change_approval.v1", "max_delivery_attempts": 3, "payload": PAYLOAD},
}


class Story:
    """The processes of one story, and what they have said so far."""

    def __init__(self, world: SimpleNamespace, folder: Path, stack: ExitStack) -> None:
        self.world = world
        self.folder = folder
        self._stack = stack

    def serve(self, *options: str, port: int = 0, **more: str) -> Live:
        """A server process."""
        return self._begin(serving(self.folder, *options, port=port, **NO_REDIS | more))

    def asks(self, url: str, what: str = "", which: str = "") -> Running:
        """The requester's process: applies the scenario, or waits for an intent that it knows."""
        file = self.folder / "scenario.json"
        file.write_text(json.dumps(SCENARIO))
        log = self.folder / f"requester-{what or 'apply'}.log"
        words = (url, self.world.sender_secret, what or "apply", which or str(file))
        return self._begin(running(log, "-m", "tests.programs.requester", *words))

    def works(self, url: str, name: str, seconds: float = 0.0) -> Running:
        """An agent's process, which takes so long for its work."""
        eventually(lambda: Agent.objects.filter(name=AGENT).exists())
        agent = Agent.objects.get(name=AGENT)
        _, secret = make_key(self.world.workspace, name, ("work",), agent=agent)
        words = (url, secret, agent.address, name, str(seconds))
        return self._begin(running(self.folder / f"{name}.log", "-m", "tests.programs.agent", *words))

    def decides(self, url: str, name: str, decision: str = "approve") -> dict[str, Any]:
        """A person's decision by the API, with their own token."""
        eventually(lambda: Gate.objects.filter(closed_at=None).exists())
        gate = Gate.objects.get(closed_at=None)
        headers = {"Authorization": f"Bearer {self.world.tokens[name]}"}
        body = {"decision": decision, "comment": "looks right."}
        answer = httpx.post(f"{url}/v1/approvals/{gate.pk}/decision", json=body, headers=headers)
        return answer.raise_for_status().json()  # type: ignore[no-any-return]

    def _begin(self, context: AbstractContextManager[R]) -> R:
        return self._stack.enter_context(context)


@pytest.fixture
def story(world: SimpleNamespace, tmp_path: Path) -> Iterator[Story]:
    """The world has the policy `infra-changes`: one SRE, after the agent."""
    make_policy(world.workspace, gates=[gate_rule("team:sre", remind={"after": 60})])
    with ExitStack() as stack:
        yield Story(world, tmp_path, stack)


def answer_of(requester: Running) -> dict[str, Any]:
    """The terminal event that the program got."""
    assert requester.process.wait(LONGEST) == 0, requester.log
    return json.loads(requester.log.splitlines()[-1])["event"]  # type: ignore[no-any-return]


def the_intent() -> Intent:
    eventually(Intent.objects.exists)
    return Intent.objects.get()


def assert_completed(event: dict[str, Any], by: str) -> None:
    """Validated once, approved by Ana, and told so."""
    intent = the_intent()
    assert_sound(intent)
    assert (event["status"], intent.status) == (Status.COMPLETED, Status.COMPLETED)
    assert event["details"]["approved"] is True
    assert event["details"]["result"] == {"validation": "passed", "by": by}
    assert event["details"]["decided_by"] == ["ana@acme.example"]
    assert event["details"]["summary"].endswith("looks right.")
    assert StepResult.objects.count() == Gate.objects.count() == 1
    assert types_of(intent).count("intent.completed") == 1


def test_the_scenario_completes_when_the_agent_validates_and_one_sre_approves(story: Story):
    live = story.serve("--embedded")

    requester = story.asks(live.url)
    agent = story.works(live.url, "first")
    answer = story.decides(live.url, "ana")

    assert answer["applied"] is True
    assert_completed(answer_of(requester), by="first")
    assert Gate.objects.get().source.endswith("+policy:infra-changes@1"), "one gate of both"
    assert "broken" not in agent.log


def test_the_work_is_done_once_by_another_agent_when_the_first_is_killed(story: Story):
    live = story.serve("--embedded")
    requester = story.asks(live.url)

    first = story.works(live.url, "first", seconds=60)
    eventually(lambda: "attempt 1" in first.log)
    first.kill()
    second = story.works(live.url, "second")
    eventually(lambda: "applied True" in second.log)
    story.decides(live.url, "ana")

    assert_completed(answer_of(requester), by="second")
    assert "attempt 2" in second.log
    history = types_of(the_intent())
    assert history.count("intent.delivered") == 2
    assert history.count("intent.lease_expired") == 1


def test_the_work_goes_to_another_agent_when_the_first_hangs_with_its_stream_open(story: Story):
    live = story.serve("--embedded")
    story.asks(live.url)

    first = story.works(live.url, "first", seconds=60)
    eventually(lambda: "attempt 1" in first.log)
    second = story.works(live.url, "second")
    eventually(lambda: "applied True" in second.log)

    assert "attempt 2" in second.log
    assert first.process.poll() is None


def test_the_first_result_counts_when_a_slow_agent_answers_before_the_redelivery_does(story: Story):
    live = story.serve("--embedded")
    requester = story.asks(live.url)

    slow = story.works(live.url, "slow", seconds=4)
    eventually(lambda: "attempt 1" in slow.log)
    other = story.works(live.url, "other", seconds=4)
    eventually(lambda: "attempt 2" in other.log)
    eventually(lambda: "applied False" in other.log)
    story.decides(live.url, "ana")

    assert_completed(answer_of(requester), by="slow")
    assert "applied True" in slow.log


def test_the_answer_is_there_when_the_server_is_killed_before_it_could_tell(story: Story):
    port = free_port()
    held, other = story.serve(port=port), story.serve("--embedded")
    requester = story.asks(held.url)
    story.works(other.url, "first")
    eventually(lambda: Gate.objects.filter(closed_at=None).exists())
    eventually(lambda: "intent_id" in requester.log)

    held.process.send_signal(signal.SIGSTOP)  # it holds the waiting program, and cannot tell it anything
    story.decides(other.url, "ana")
    other.kill()
    held.kill()
    assert requester.process.wait(LONGEST) == 1, "its client does not survive a cut stream"
    intent_id = str(the_intent().pk)
    again = story.asks(story.serve("--embedded", port=port).url, "wait", intent_id)

    assert json.loads(requester.log.splitlines()[-1])["failed"] == "httpx.RemoteProtocolError"
    assert_completed(answer_of(again), by="first")


def test_everything_goes_on_when_the_embedded_server_is_killed_at_each_stage(story: Story):
    port = free_port()
    live = story.serve("--embedded", port=port)
    story.asks(live.url)
    intent = the_intent()

    live.kill()  # sent, and nobody has taken it
    live = story.serve("--embedded", port=port)
    agent = story.works(live.url, "first", seconds=0.5)
    eventually(lambda: "took" in agent.log)
    live.kill()  # in the middle of the work
    live = story.serve("--embedded", port=port)
    eventually(lambda: "applied True" in agent.log)
    live.kill()  # at the gate
    live = story.serve("--embedded", port=port)
    story.decides(live.url, "ana")
    live.kill()  # over
    live = story.serve("--embedded", port=port)

    assert_completed(answer_of(story.asks(live.url, "wait", str(intent.pk))), by="first")
