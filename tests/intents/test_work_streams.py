"""The stream on which an agent gets its work: one step at a time, and only to somebody who is there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from intents import selectors
from intents.lifecycle import StepStatus
from intents.models import Step
from intents.services.handout import hand_out
from intents.services.mesh import recall_killed
from intents.services.resume import resume
from intents.streams import StreamApp
from tests.conftest import Api
from tests.factories import make_agent, make_policy, send
from tests.streaming import WORK, run
from tests.visits import Visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def approving(world: SimpleNamespace) -> SimpleNamespace:
    """A world in which agents get their work without a gate."""
    make_policy(world.workspace, "allow", "approve", types=("intent.*",))
    return world


def finish(world: SimpleNamespace, handle: str) -> None:
    intent, step = selectors.intent_by_handle(world.worker, handle)
    resume(intent, step, world.worker, {"validation": "passed"})


def held(world: SimpleNamespace) -> int:
    return Step.objects.filter(agent_address=world.agent.address, status=StepStatus.CURRENT).count()


@pytest.mark.parametrize(
    "path",
    [
        WORK,
        "/v1/agents/acme/production/infra-validator/intents/stream",
        "/v1/agents/agent://acme/production/infra-validator/intents/stream",
    ],
)
def test_agent_gets_waiting_work_under_every_spelling_of_its_address(approving, path):
    intent = send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, path, key=approving.work_secret) as visit:
            frame = await visit.frame()

        assert frame["data"]["intent_id"] == str(intent.pk)
        assert frame["data"]["status"] == "DELIVERED"
        assert frame["event"].startswith("intent.")

    run(story)


def test_agent_gets_work_at_once_when_it_is_sent_while_listening(approving):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            await asyncio.sleep(0.3)
            intent = await app.reads(send, approving)
            frame = await visit.frame(2)

        assert frame["data"]["parent_intent_id"] == str(intent.pk)

    run(story)


def test_next_step_is_handed_out_only_when_the_last_has_a_result(approving):
    send(approving)
    send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            first = await visit.frame()
            await asyncio.sleep(0.3)
            assert await app.reads(held, approving) == 1

            await app.reads(finish, approving, first["data"]["intent_id"])
            second = await visit.frame(2)

        assert second["data"]["intent_id"] != first["data"]["intent_id"]
        assert second["data"]["seq"] > first["data"]["seq"]

    run(story)


def test_nothing_is_handed_out_when_the_status_filter_leaves_delivered_out(approving):
    send(approving)

    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=1&status=CREATED,FAILED", key=approving.work_secret) as visit:
            frames = await visit.frames()

        assert [frame["event"] for frame in frames] == ["stream.timeout"]
        assert await app.reads(held, approving) == 0

    run(story)


def test_nothing_is_handed_out_when_the_listener_has_hung_up(approving):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=20", key=approving.work_secret) as visit:
            await asyncio.sleep(0.3)
            visit.hang_up()
            await app.reads(send, approving)
            await visit.end(1)

        assert await app.reads(held, approving) == 0

    run(story)


def test_listening_is_noted(world):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, "wait_seconds=1", key=world.work_secret) as visit:
            await visit.end()

        await app.reads(world.agent.refresh_from_db)
        assert world.agent.last_seen_at is not None

    run(story)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/agents/other/intents/stream", 403),
        ("/v1/agents/acme/staging/infra-validator/intents/stream", 403),
        ("/v1/agents/nobody/intents/stream", 404),
        ("/v1/agents/a b/intents/stream", 422),
    ],
)
def test_work_is_refused_when_the_address_is_not_the_keys_own(world, path, status):
    make_agent(world.workspace, "other")

    async def story(app: StreamApp) -> None:
        async with Visit(app, path, key=world.work_secret) as visit:
            await visit.end()

        assert visit.status == status

    run(story)


def test_work_is_refused_when_the_key_may_only_send(world):
    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, key=world.sender_secret) as visit:
            await visit.end()

        assert visit.status == 403

    run(story)


def test_work_is_still_there_when_nobody_listened(approving):
    send(approving)

    frame = hand_out(approving.agent)

    assert frame is not None
    assert frame["delivery_attempt"] == 1


def test_streams_of_an_agent_end_cleanly_when_it_is_killed_and_the_next_ones_stay_empty(approving):
    send(approving)
    send(approving)
    admin = Api(approving.sender_secret)

    async def story(app: StreamApp) -> None:
        async with Visit(app, WORK, key=approving.work_secret) as busy:
            await busy.frame()
            async with Visit(app, WORK, key=approving.work_secret) as second:
                await second.frame()
                async with Visit(app, WORK, key=approving.work_secret) as idle:
                    await asyncio.sleep(0.2)
                    await app.reads(admin.post, "/v1/mesh/agents/infra-validator/kill")
                    assert (await idle.frame())["event"] == "stream.timeout"
                await app.reads(recall_killed)
                assert (await second.frame())["event"] == "stream.timeout"
            assert (await busy.frame())["event"] == "stream.timeout"
        async with Visit(app, WORK, "wait_seconds=1", key=approving.work_secret) as after:
            assert (await after.frame())["event"] == "stream.timeout"

    run(story)
    assert held(approving) == 0
