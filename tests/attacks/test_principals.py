"""Credentials used where they do not belong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError

from approvals.models import ApprovalSettings, Membership, Person, Unmatched
from intents.errors import Forbidden, Unauthenticated
from intents.models import Intent
from intents.principal import Principal
from intents.services.keys import key_of
from intents.services.resume import resume
from tests.acts import fresh, neighbours
from tests.conftest import Api
from tests.factories import make_token, send


def test_an_idempotency_key_is_apart_in_each_workspace_when_one_person_is_in_both(world: SimpleNamespace) -> None:
    other = neighbours()
    Membership.objects.create(person=world.ana, workspace=other.workspace)
    here = Api(world.sender_secret, world.tokens["ana"])
    there = Api(other.sender_secret, make_token(world.ana, other.workspace))
    body = {"intent_type": "note.x.v1", "to_agent": "human", "payload": {}, "human_task": {"title": "Look"}}

    first = here.post("/v1/intents", body, HTTP_IDEMPOTENCY_KEY="same").json()
    second = there.post("/v1/intents", body, HTTP_IDEMPOTENCY_KEY="same").json()

    assert first["intent_id"] != second["intent_id"]
    assert Intent.objects.get(pk=second["intent_id"]).workspace == other.workspace


def test_a_key_opens_nothing_when_its_agent_is_switched_off(world: SimpleNamespace) -> None:
    world.agent.is_active = False
    world.agent.save()

    with pytest.raises(Unauthenticated):
        key_of(world.work_secret)


def test_a_member_cannot_note_progress_when_the_request_is_not_theirs(world: SimpleNamespace) -> None:
    ApprovalSettings.objects.update(unmatched=Unmatched.APPROVE)
    intent = send(world)
    token = Api(token=world.tokens["ana"])

    answer = token.post(f"/v1/intents/{intent.pk}/resume", {})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "not_the_sender"
    assert fresh(intent).status == "SUBMITTED"


def test_a_sender_may_still_note_progress_on_its_own_request(world: SimpleNamespace) -> None:
    ApprovalSettings.objects.update(unmatched=Unmatched.APPROVE)
    intent = send(world)

    assert resume(intent, None, world.principal, {})["applied"]
    with pytest.raises(Forbidden):
        resume(intent, None, Principal(world.workspace.pk), {})


def test_one_mailbox_is_one_person_when_an_admin_writes_it_in_capitals(world: SimpleNamespace) -> None:
    twin = Person(email=" Ana@ACME.example", name="Ana again", password="x")

    with pytest.raises(ValidationError) as refused:
        twin.full_clean()

    assert "email" in refused.value.message_dict
