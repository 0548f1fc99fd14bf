"""One receipt and several executors at the same instant."""

from __future__ import annotations

from typing import Any

import pytest

from intents.models import IdempotencyRecord, Redemption, WorkspaceEntry
from tests.acts import fresh
from tests.factories import make_agent, make_key
from tests.races.troupe import Command, Troupe, assert_sound
from tests.receipts import REDEEM, approved, at_work, token_of

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TIMES = 15


def use(secret: str, token: str, **headers: str) -> Command:
    return "post", {"path": REDEEM, "body": {"receipt": token}, "headers": {"HTTP_X_API_KEY": secret, **headers}}


def secrets_of(world: Any) -> list[str]:
    """Four executors with keys of their own."""
    agents = [make_agent(world.workspace, f"deployer-{number}") for number in range(4)]
    return [make_key(world.workspace, agent.name, ("work",), agent=agent)[1] for agent in agents]


def test_one_executor_wins_and_the_others_learn_who_it_was(world, troupe: Troupe):
    executors = secrets_of(world)
    for number in range(TIMES):
        intent = approved(world)
        answers = troupe.at_once(*[use(secret, token_of(intent)) for secret in executors])

        assert sorted(status for status, _ in answers) == [200, 409, 409, 409], answers
        winner = next(body["redeemed_by"] for status, body in answers if status == 200)
        losers = [body["error"] for status, body in answers if status == 409]
        assert {error["code"] for error in losers} == {"receipt_used"}
        assert {error["details"]["redeemed_by"] for error in losers} == {winner}
        assert (
            Redemption.objects.count() == WorkspaceEntry.objects.filter(change="receipt.redeemed").count() == number + 1
        )
        assert_sound(fresh(intent))


def test_one_answer_when_the_same_use_arrives_four_times_under_one_key(world, troupe: Troupe):
    for number in range(TIMES):
        token = token_of(approved(world))
        command = use(world.sender_secret, token, HTTP_IDEMPOTENCY_KEY=f"k{number}")
        answers = troupe.at_once(*[command] * 4)

        assert [status for status, _ in answers] == [200] * 4, answers
        assert all(body == answers[0][1] for _, body in answers)
    assert Redemption.objects.count() == IdempotencyRecord.objects.count() == TIMES


def test_withdrawing_and_using_meet_in_one_order(world, troupe: Troupe):
    for _ in range(TIMES):
        intent, frame = at_work(world)
        withdraw = {"path": f"/v1/intents/{intent.pk}/resolve", "body": {"status": "CANCELED"}}
        withdraw["headers"] = {"HTTP_X_API_KEY": world.sender_secret}
        (status, answer), (ended, _) = troupe.at_once(use(world.work_secret, frame["receipt"]), ("post", withdraw))

        assert ended == 200
        used = Redemption.objects.filter(receipt__intent=intent).first()
        assert (status == 200) == (used is not None)
        assert status == 200 or answer["error"]["code"] == "receipt_void"
        assert used is None or used.at <= fresh(intent).ended_at
        assert_sound(fresh(intent))
