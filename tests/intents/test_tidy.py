"""What has run out is deleted by the clock's tick, a little at a time; what has not stays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from approvals.models import SignInLink
from intents import clock, keeping
from intents.keeping import tidy
from intents.models import IdempotencyRecord
from notifications.models import KeptMail
from tests.acts import START, frozen_clock
from tests.conftest import Api


@pytest.fixture
def time():
    with frozen_clock() as traveller:
        yield traveller


def left() -> list[int]:
    return [model.objects.count() for model in (IdempotencyRecord, Session, SignInLink, KeptMail)]


@pytest.fixture
def much(time, world):
    """One of each that lasts longer, in this order: 15 minutes, 12 hours, 48 hours, 30 days."""
    SignInLink.objects.create(person=world.ana, digest="d", expires_at=START + timedelta(minutes=15))
    Session.objects.create(session_key="k", session_data="", expire_date=START + timedelta(hours=12))
    api = Api(world.sender_secret)
    sent = {"intent_type": "intent.infra.change.v1", "to_agent": "infra-validator", "payload": {}}
    assert api.post("/v1/intents", sent, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    KeptMail.objects.create(to="ana@acme.example", subject="s", text="t")


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        (timedelta(minutes=14), [1, 1, 1, 1]),
        (timedelta(minutes=16), [1, 1, 0, 1]),
        (timedelta(hours=13), [1, 0, 0, 1]),
        (timedelta(hours=49), [0, 0, 0, 1]),
        (timedelta(days=31), [0, 0, 0, 0]),
    ],
)
def test_each_thing_goes_when_its_own_time_is_over(time, much, after, kept):
    time.move_to(START + after)

    tidy()

    assert left() == kept


def test_a_little_at_a_time_goes_when_there_is_much(time, world, monkeypatch):
    for number in range(5):
        KeptMail.objects.create(to="ana@acme.example", subject=str(number), text="t")
    time.shift(timedelta(days=31))
    monkeypatch.setattr(keeping, "MOST", 2)

    gone = [tidy() for _ in range(4)]

    assert gone == [2, 2, 1, 0]
    assert clock.now() > START
