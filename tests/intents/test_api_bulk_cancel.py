"""Withdrawing what was left lying: only one's own, the oldest first, each in a transaction of its own."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from intents import clock
from intents.models import Intent
from tests.acts import ending, fresh, history, neighbours
from tests.conftest import Api
from tests.factories import make_key, make_policy, open_gate, send
from tests.intents.test_api_accounts import refusal

BULK = "/v1/intents/bulk-cancel"


def old(world, hours=48, **fields) -> Intent:
    intent = send(world, **fields)
    Intent.objects.filter(pk=intent.pk).update(created_at=clock.now() - timedelta(hours=hours))
    return intent


def test_bulk_cancel_ends_old_open_intents_with_the_reason(world, api):
    stale, young = old(world), old(world, hours=1)

    answer = api.post(BULK, {"older_than_hours": 24, "reason": "cleaning up"}).json()

    assert (answer["ok"], answer["canceled"], answer["intent_ids"]) == (True, 1, [str(stale.pk)])
    assert (fresh(stale).status, fresh(young).status) == ("CANCELED", "WAITING")
    assert (ending(stale)["reason"], ending(stale)["error"]["message"]) == ("withdrawn", "cleaning up")


def test_bulk_cancel_takes_a_day_when_no_age_is_given(world, api):
    old(world, hours=23)

    assert api.post(BULK).json()["canceled"] == 0


def test_bulk_cancel_changes_nothing_when_it_is_dry(world, api):
    intents = [old(world, hours=hours) for hours in (30, 50, 40)]
    before = [history(intent) for intent in intents]

    answer = api.post(BULK, {"dry_run": True}).json()

    assert (answer["would_cancel"], "canceled" in answer) == (3, False)
    assert answer["intent_ids"] == [str(intents[at].pk) for at in (1, 2, 0)]
    assert [history(intent) for intent in intents] == before


def test_bulk_cancel_takes_the_oldest_up_to_its_limit(world, api):
    intents = [old(world, hours=hours) for hours in (30, 50, 40)]

    assert api.post(BULK, {"limit": 2}).json()["intent_ids"] == [str(intents[1].pk), str(intents[2].pk)]
    assert fresh(intents[0]).status == "WAITING"


def test_bulk_cancel_withdraws_open_gates(world, api):
    gate = open_gate(world)

    assert api.post(BULK, {"older_than_hours": 0}).json()["canceled"] == 1
    gate.refresh_from_db()
    assert gate.closed_at is not None


def test_bulk_cancel_takes_only_the_statuses_that_are_named(world, api):
    make_policy(world.workspace, action="approve", types=("intent.pay.*",))
    waiting, submitted = open_gate(world).intent, send(world, intent_type="intent.pay.out.v1")

    answer = api.post(BULK, {"older_than_hours": 0, "status_filter": ["WAITING", "COMPLETED"]}).json()

    assert answer["intent_ids"] == [str(waiting.pk)]
    assert fresh(submitted).status == "SUBMITTED"


def test_bulk_cancel_leaves_what_others_sent(world, api):
    mine = old(world)
    second = Api(make_key(world.workspace, "second", ("send",))[1])
    other = Api(neighbours().sender_secret)

    for stranger in (second, other, Api(token=world.tokens["ana"])):
        assert stranger.post(BULK, {"older_than_hours": 0}).json()["canceled"] == 0
    assert refusal(Api(world.work_secret).post(BULK, {"older_than_hours": 0})) == (403, "invalid_scope")
    assert fresh(mine).status == "WAITING"


def test_bulk_cancel_of_a_person_takes_what_was_asked_on_their_behalf(world):
    anas, bos = (old(world, requested_by=f"{name}@acme.example") for name in ("ana", "bo"))

    assert Api(token=world.tokens["ana"]).post(BULK).json()["intent_ids"] == [str(anas.pk)]
    assert fresh(bos).status == "WAITING"


def test_bulk_cancel_means_the_same_intents_when_the_request_is_repeated(world, api):
    old(world)
    first = api.post(BULK, {}, HTTP_IDEMPOTENCY_KEY="k").json()
    later = old(world)

    again = api.post(BULK, {}, HTTP_IDEMPOTENCY_KEY="k").json()

    assert again == first
    assert fresh(later).status == "WAITING"


@pytest.mark.django_db(transaction=True)
def test_bulk_cancel_commits_each_intent_by_itself(world, api):
    intents = {old(world, hours=hours).pk for hours in (30, 40, 50)}
    seen: list[str] = []

    def note(execute, sql, *rest):
        if sql.startswith('UPDATE "intents_intent" '):
            seen.append("saved")
            transaction.on_commit(lambda: seen.append("committed"))
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        assert api.post(BULK).json()["canceled"] == len(intents)

    assert seen == ["saved", "committed"] * 3


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 51},
        {"limit": 0},
        {"older_than_hours": -1},
        {"older_than_hours": "nan"},
        {"older_than_hours": True},
        {"status_filter": ["OPEN"]},
        {"status_filter": "WAITING"},
        {"dry_run": "perhaps"},
        {"reason": 7},
    ],
)
def test_bulk_cancel_is_refused_when_it_is_malformed(world, api, body):
    intent = old(world)

    assert refusal(api.post(BULK, body)) == (422, "schema_invalid")
    assert fresh(intent).status == "WAITING"
