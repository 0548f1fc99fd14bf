"""The stock `axme` client, unmodified but for its address and key: an agent's inbox."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from axme import AxmeClient
from axme.exceptions import AxmeAuthError, AxmeHttpError, AxmeValidationError

from tests.intents.inboxes import HELPER, PLANNER, with_agents
from tests.stories.requests import change

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def wanting(asking: SimpleNamespace) -> SimpleNamespace:
    """The agents `planner` and `helper` beside the world's own."""
    return with_agents(asking)


@pytest.fixture
def planner(live, wanting, connect) -> AxmeClient:
    """The agent that gets the answers."""
    return connect(live.url, wanting.planner_secret)


@pytest.fixture
def helper(live, wanting, connect) -> AxmeClient:
    """Another agent."""
    return connect(live.url, wanting.helper_secret)


@pytest.fixture
def deciding(live, wanting, connect) -> AxmeClient:
    """Ana, by her token beside the planner's key."""
    return connect(live.url, wanting.planner_secret, actor_token=wanting.tokens["ana"])


def kinds(thread) -> list[str]:
    return [entry["event_type"].removeprefix("inbox.") for entry in thread["timeline"]]


def test_the_answer_comes_to_the_inbox_of_reply_to(sender, planner, deciding):
    intent_id = sender.send_intent(change(reply_to=PLANNER))
    [waiting] = planner.list_inbox()["threads"]
    answer = deciding.approve_inbox_thread(intent_id, {"comment": "fine"}, idempotency_key="a-1")
    again = deciding.approve_inbox_thread(intent_id, {"comment": "fine"}, idempotency_key="a-1")

    thread = planner.get_inbox_thread(intent_id)["thread"]

    assert (waiting["thread_id"], waiting["status"]) == (intent_id, "pending")
    assert (answer["applied"], again) == (True, answer)
    assert (thread["status"], kinds(thread)) == ("done", ["waiting", "ended"])
    ended = sender.wait_for(intent_id)["details"]
    completion = thread["timeline"][-1]["details"]["completion"]
    assert {name: completion[name] for name in ended} == ended | {"receipt": None}
    assert (ended["approved"], ended["decided_by"]) == (True, ["ana@acme.example"])


def test_reject_inbox_thread_ends_the_intent_with_the_persons_word(sender, planner, deciding):
    intent_id = sender.send_intent(change(reply_to=PLANNER))

    answer = deciding.reject_inbox_thread(intent_id, {"comment": "not today"}, owner_agent=PLANNER)

    assert answer["thread"]["intent_status"] == "CANCELED"
    assert sender.wait_for(intent_id)["details"]["comment"] == "not today"


def test_approve_inbox_thread_is_refused_when_only_a_key_is_sent(sender, planner):
    intent_id = sender.send_intent(change(reply_to=PLANNER))

    for act in (planner.approve_inbox_thread, planner.reject_inbox_thread):
        with pytest.raises(AxmeAuthError) as caught:
            act(intent_id, {"comment": "let me"})
        assert (caught.value.status_code, caught.value.body["error"]["code"]) == (403, "human_step")
    assert sender.get_intent(intent_id)["status"] == "WAITING"


def test_approve_inbox_thread_is_a_conflict_when_the_intent_is_over(sender, deciding):
    intent_id = sender.send_intent(change(reply_to=PLANNER))
    told = sender.resolve_intent(intent_id, {"status": "CANCELED"})["completion_delivery"]

    with pytest.raises(AxmeValidationError) as caught:
        deciding.approve_inbox_thread(intent_id, {})

    assert (told["delivered"], told["thread_id"], told["reply_to"]) == (True, intent_id, PLANNER)
    assert caught.value.status_code == 409


def test_list_inbox_changes_gives_each_change_once(sender, planner, deciding):
    first, second = (sender.send_intent(change(reply_to="planner")) for _ in range(2))
    page = planner.list_inbox_changes(limit=1)
    rest = planner.list_inbox_changes(cursor=page["next_cursor"])
    deciding.approve_inbox_thread(first, {})

    news = planner.list_inbox_changes(owner_agent="planner", cursor=rest["next_cursor"], limit=50)

    assert [row["thread"]["thread_id"] for row in (*page["changes"], *rest["changes"])] == [first, second]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert [(row["thread"]["thread_id"], kinds(row["thread"])) for row in news["changes"]] == [(first, ["ended"])]


def test_reply_delegate_and_delete_messages(sender, planner, helper):
    intent_id = sender.send_intent(change(reply_to=PLANNER))
    replied = planner.reply_inbox_thread(intent_id, message="one\u2028two", idempotency_key="r-1")
    again = planner.reply_inbox_thread(intent_id, message="one\u2028two", idempotency_key="r-1")
    message_id = replied["thread"]["timeline"][-1]["details"]["message_id"]
    deleted = planner.delete_inbox_messages(intent_id, {"mode": "both", "message_ids": [message_id]})
    handed = planner.delegate_inbox_thread(intent_id, {"delegate_to": HELPER, "note": "yours"})

    assert again == replied
    assert replied["thread"]["timeline"][-1]["details"]["message"] == "one\u2028two"
    assert (deleted["mode"], deleted["deleted_count"], deleted["message_ids"]) == ("both", 1, [message_id])
    assert handed["thread"]["owner_agent"] == HELPER
    assert helper.get_inbox_thread(intent_id)["thread"]["thread_id"] == intent_id
    with pytest.raises(AxmeHttpError) as caught:
        planner.get_inbox_thread(intent_id)
    assert caught.value.status_code == 404


def test_another_agents_inbox_is_closed(sender, planner, helper):
    sender.send_intent(change(reply_to=PLANNER))

    with pytest.raises(AxmeAuthError) as caught:
        helper.list_inbox(owner_agent=PLANNER)

    assert caught.value.status_code == 403
    assert helper.list_inbox()["threads"] == []
