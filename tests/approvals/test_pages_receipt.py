"""What people see of a receipt: approved and not used, used, never used; the receipt itself nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from approvals.models import Person
from approvals.views.inboxrows import inbox_version
from intents import clock
from tests.acts import fast_forward, finish_work, fresh, frozen_clock
from tests.approvals.browsing import signed_in, text_of
from tests.factories import PASSWORD
from tests.receipts import REDEEM, approved, at_work, token_of

pytestmark = pytest.mark.django_db


def pages(world, intent) -> list[str]:
    """The intent's page and the inbox, as Ana sees them; no page has the receipt."""
    answers = [signed_in(world.ana).get(path) for path in (f"/intents/{intent.pk}", "/inbox")]
    assert not any(token_of(intent) in answer.content.decode() for answer in answers)
    return [text_of(answer) for answer in answers]


def test_pages_say_that_nobody_used_it_yet(world):
    intent = approved(world)

    for page in pages(world, intent):
        assert ", not used yet" in page


def test_pages_say_who_used_it(world, api):
    intent = approved(world)
    api.post(REDEEM, {"receipt": token_of(intent)})

    for page in pages(world, intent):
        assert "by key:sender" in page
        assert "not used yet" not in page


def test_pages_say_that_it_ran_out(world):
    with frozen_clock() as traveller:
        intent = approved(world)
        traveller.shift(timedelta(hours=1))

        for page in pages(world, intent):
            assert "never used: the receipt ran out" in page


def test_pages_say_that_it_is_void_when_the_intent_ended_otherwise(world):
    with frozen_clock() as traveller:
        intent, _ = at_work(world, max_delivery_attempts=1)
        fast_forward(traveller, 601)

    assert fresh(intent).status == "FAILED"
    for page in pages(world, intent):
        assert "not used, and void since this ended" in page


def test_pages_say_that_the_work_was_done_without_the_receipt(world):
    intent, _ = at_work(world)
    finish_work(world, intent, done=True)

    for page in pages(world, intent):
        assert "and done by the agent without using its receipt" in page


def test_inbox_changes_when_a_receipt_is_used(world, api):
    intent = approved(world)
    with frozen_clock():
        before = inbox_version(world.ana, clock.now())
    api.post(REDEEM, {"receipt": token_of(intent)})

    with frozen_clock():
        assert inbox_version(world.ana, clock.now()) != before


def test_admin_sees_the_use_and_not_the_receipt(world, api):
    intent = approved(world)
    Person.objects.create_superuser("root@acme.example", PASSWORD, name="Root")
    admin = Client()
    admin.force_login(Person.objects.get(email="root@acme.example"), "django.contrib.auth.backends.ModelBackend")

    before = admin.get(f"/admin/intents/intent/{intent.pk}/change/").content.decode()
    api.post(REDEEM, {"receipt": token_of(intent)})
    after = admin.get(f"/admin/intents/intent/{intent.pk}/change/").content.decode()

    assert ", not used" in before
    assert "by key:sender" in after
    assert token_of(intent) not in before + after
