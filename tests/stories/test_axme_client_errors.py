"""The stock `axme` client, unmodified but for its address and key: what it raises."""

from __future__ import annotations

import threading
import uuid

import pytest
from axme.exceptions import AxmeAuthError, AxmeHttpError, AxmeServerError, AxmeValidationError
from django.db import connection

from intents.models import Intent
from intents.services.lock import locked_intent
from tests.factories import make_agent, make_key, make_workspace
from tests.stories.requests import AGENT, change, chore

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_unknown_key_is_an_auth_error_everywhere(live, asking, sender, connect):
    intent_id = sender.send_intent(change())
    stranger = connect(live.url, "csk_nobody")

    for call in (
        lambda: stranger.get_intent(intent_id),
        lambda: stranger.send_intent(change()),
        lambda: stranger.wait_for(intent_id),
        lambda: list(stranger.listen(AGENT)),
    ):
        with pytest.raises(AxmeAuthError) as caught:
            call()
        assert caught.value.status_code == 401


def test_what_a_key_may_not_do_is_an_auth_error(asking, sender, agent):
    make_agent(asking.workspace, "other")

    for call in (
        lambda: agent.send_intent(chore()),
        lambda: sender.send_intent(chore(to_agent="agent://other/production/worker")),
        lambda: list(agent.listen("other")),
        lambda: list(sender.listen(AGENT)),
    ):
        with pytest.raises(AxmeAuthError) as caught:
            call()
        assert caught.value.status_code == 403


def test_unknown_and_foreign_intents_are_the_same_http_error(live, asking, sender, connect):
    _, foreign = make_key(make_workspace("other", "production"))
    intent_id = sender.send_intent(change())

    messages = set()
    for client, wanted in ((sender, str(uuid.uuid4())), (connect(live.url, foreign), intent_id)):
        with pytest.raises(AxmeHttpError) as caught:
            client.get_intent(wanted)
        assert type(caught.value) is AxmeHttpError
        assert caught.value.status_code == 404
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_two_different_owners_are_a_validation_error(sender):
    intent_id = sender.send_intent(change())

    with pytest.raises(AxmeValidationError) as caught:
        sender.resolve_intent(intent_id, {"status": "CANCELED"}, owner_agent="a", x_owner_agent="b")

    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"intent_type": "no type"}, 422),
        ({"payload": []}, 422),
        ({"to_agent": "agent://"}, 422),
        ({"payload": {"text": "x" * 300_000}}, 413),
        ({"payload": {"text": "x" * 600_000}}, 413),
    ],
)
def test_a_bad_body_is_a_validation_error(sender, more, status):
    with pytest.raises(AxmeValidationError) as caught:
        sender.create_intent(change(**more), correlation_id=str(uuid.uuid4()))

    assert caught.value.status_code == status
    assert caught.value.message
    assert not Intent.objects.exists()


def test_a_row_that_stays_locked_is_a_server_error_and_nothing_has_happened(sender):
    if connection.vendor == "sqlite":
        pytest.skip("the same on SQLite, but only after ten seconds")
    intent_id = sender.send_intent(chore())

    with locked_intent(uuid.UUID(intent_id)), pytest.raises(AxmeServerError) as caught:
        sender.resolve_intent(intent_id, {"status": "CANCELED"})

    assert (caught.value.status_code, caught.value.retry_after) == (503, 1)
    assert sender.get_intent(intent_id)["status"] == "SUBMITTED"


def test_a_retried_call_gets_through_when_the_row_is_free_again(sender):
    if connection.vendor == "sqlite":
        pytest.skip("the same on SQLite, but only after ten seconds")
    intent_id = sender.send_intent(chore())
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with locked_intent(uuid.UUID(intent_id)):
            held.set()
            free.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    threading.Timer(3.0, free.set).start()
    answer = sender.resolve_intent(intent_id, {"status": "CANCELED"}, idempotency_key="end-1")
    holder.join()

    assert answer["intent"]["status"] == "CANCELED"
