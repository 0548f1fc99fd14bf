"""Replying, handing on, reading and taking messages away: who may, what it leaves, and how much there may be."""

from uuid import UUID

import pytest

from intents.models import IdempotencyRecord, Outbox, Thread, ThreadEntry, ThreadMessage
from intents.services import threads
from intents.services.purge import purge
from tests.acts import gate_of, history, say
from tests.conftest import Api
from tests.factories import make_agent, make_key, make_world
from tests.intents.inboxes import HELPER, PLANNER, act, answered, asked, changes, kinds, thread, with_agents
from tests.intents.test_api_accounts import refusal


@pytest.fixture
def world(db):
    return with_agents(make_world())


def said(shown) -> list[str | None]:
    return [entry["details"]["message"] for entry in shown["timeline"] if entry["event_type"] == "inbox.reply"]


def write(api, intent, *texts) -> list[str]:
    """The ids of these messages."""
    shown = [act(api, intent, "reply", {"message": text})["thread"] for text in texts]
    return [row["timeline"][-1]["details"]["message_id"] for row in shown]


def test_a_reply_of_the_owner_is_in_the_timeline(world):
    intent = asked(world)

    shown = act(world.planner, intent, "reply", {"message": "please hurry\n\N{SNOWMAN} =1+1"})["thread"]

    assert kinds(shown) == ["waiting", "reply"]
    assert (said(shown), shown["timeline"][-1]["actor"]) == (["please hurry\n\N{SNOWMAN} =1+1"], PLANNER)
    assert thread(world.planner, intent) == shown


def test_a_person_replies_by_name_also_after_the_end(world):
    intent = answered(world)

    shown = act(Api(token=world.tokens["bo"]), intent, "reply", {"message": "good"})["thread"]

    assert (shown["status"], shown["timeline"][-1]["actor"]) == ("done", "person:bo@acme.example")


def test_replying_is_no_event_of_the_intent(world):
    intent = asked(world)
    before = history(intent)

    write(world.planner, intent, "one", "two")

    assert history(intent) == before


@pytest.mark.parametrize("message", ["", None, 7, {"a": 1}, "x" * 4001])
def test_a_reply_is_refused_when_it_is_no_text_or_too_long(world, message):
    intent = asked(world)

    assert refusal(world.planner.post(f"/v1/inbox/{intent.pk}/reply", {"message": message})) == (422, "schema_invalid")
    assert kinds(thread(world.planner, intent)) == ["waiting"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("reply", {"message": "x"}),
        ("delegate", {"delegate_to": "helper"}),
        ("messages/delete", {"mode": "self"}),
        ("read", {}),
    ],
)
def test_an_act_is_refused_when_the_thread_is_not_the_callers(world, api, name, body):
    intent = asked(world)
    path = f"/v1/inbox/{intent.pk}/{name}"

    assert refusal(world.helper.post(path, body)) == (404, "thread_not_found")
    assert refusal(world.helper.post(f"{path}?owner_agent=planner", body)) == (403, "not_your_inbox")
    assert refusal(api.post(path, body)) == (403, "invalid_scope")
    assert refusal(world.planner.post(f"{path}?owner_agent=planner", body, HTTP_X_OWNER_AGENT="x"))[0] == 400
    assert Api().post(path, body).status_code == 401
    assert kinds(thread(world.planner, intent)) == ["waiting"]


@pytest.mark.parametrize("thread_id", ["no-id", "0192f0c5-0000-7000-8000-000000000000", "x" * 300])
def test_an_act_is_refused_when_there_is_no_such_thread(world, thread_id):
    answer = world.planner.post(f"/v1/inbox/{thread_id}/reply", {"message": "x"}, HTTP_IDEMPOTENCY_KEY="k")

    assert refusal(answer) == (404, "thread_not_found")


def test_an_unknown_field_is_a_warning(world):
    answer = act(world.planner, asked(world), "reply", {"message": "x", "colour": "red"})

    assert answer["warnings"] == ["The field 'colour' is not known and was ignored."]


def test_a_reply_under_the_same_key_is_written_once(world):
    intent = asked(world)

    first = act(world.planner, intent, "reply", {"message": "once"}, HTTP_IDEMPOTENCY_KEY="r1")
    again = act(world.planner, intent, "reply", {"message": "once"}, HTTP_IDEMPOTENCY_KEY="r1")
    other = act(world.planner, intent, "reply", {"message": "two"}, status=409, HTTP_IDEMPOTENCY_KEY="r1")

    assert (again, other["error"]["code"]) == (first, "idempotency_conflict")
    assert said(thread(world.planner, intent)) == ["once"]


def test_a_full_thread_takes_no_reply_and_still_gets_its_end(world, monkeypatch):
    monkeypatch.setattr(threads, "MOST_ENTRIES", 3)
    intent = asked(world)
    write(world.planner, intent, "one", "two")

    for name, body in (("reply", {"message": "three"}), ("delegate", {"delegate_to": "helper"})):
        assert act(world.planner, intent, name, body, status=409)["error"]["code"] == "thread_full"
    say(gate_of(intent), world.ana)

    assert kinds(thread(world.planner, intent)) == ["waiting", "reply", "reply", "ended"]
    assert act(world.planner, intent, "messages/delete", {"mode": "both"})["deleted_count"] == 2


def test_delegating_hands_the_thread_over_and_says_so(world):
    intent = asked(world)

    answer = act(world.planner, intent, "delegate", {"delegate_to": "helper", "note": "you know this"})

    assert (kinds(answer["thread"]), answer["thread"]["owner_agent"]) == (["waiting", "delegated", "received"], HELPER)
    moved = {"from": PLANNER, "to": HELPER, "note": "you know this"}
    assert answer["thread"]["timeline"][-1]["details"] == moved
    assert answer["thread"]["timeline"][-1]["actor"] == PLANNER
    assert world.planner.get(f"/v1/inbox/{intent.pk}").status_code == 404
    assert kinds(thread(world.helper, intent)) == ["waiting", "delegated", "received"]


def test_delegating_again_under_the_same_key_gets_the_first_answer(world):
    intent = asked(world)

    answers = [
        act(world.planner, intent, "delegate", {"delegate_to": "helper"}, HTTP_IDEMPOTENCY_KEY="d1") for _ in range(2)
    ]

    assert answers[0] == answers[1]
    assert ThreadEntry.objects.count() == 3


def test_a_thread_that_comes_back_is_all_there(world):
    intent = asked(world)
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})
    write(world.helper, intent, "not mine")
    act(world.helper, intent, "delegate", {"delegate_to": "planner"})

    shown = thread(world.planner, intent)

    assert kinds(shown) == ["waiting", "delegated", "received", "reply", "delegated", "received"]
    assert said(shown) == ["not mine"]
    assert [len(changes(api)["changes"]) for api in (world.planner, world.helper)] == [1, 1]


@pytest.mark.parametrize(
    ("to", "status", "code"),
    [
        ("agent://other/production/helper", 403, "foreign_workspace"),
        ("nobody-here", 404, "agent_not_found"),
        ("human", 404, "agent_not_found"),
        ("not an address", 422, "invalid_agent_address"),
        ("planner", 409, "already_the_owner"),
        (None, 422, "schema_invalid"),
        (["helper"], 422, "schema_invalid"),
    ],
)
def test_delegating_is_refused_when_the_delegate_cannot_have_it(world, to, status, code):
    intent = asked(world)
    world.workspace.agents.update(is_active=True)

    assert refusal(world.planner.post(f"/v1/inbox/{intent.pk}/delegate", {"delegate_to": to})) == (status, code)
    assert thread(world.planner, intent)["owner_agent"] == PLANNER


def test_delegating_is_refused_to_an_agent_that_is_switched_off(world):
    intent = asked(world)
    world.workspace.agents.filter(name="helper").update(is_active=False)

    answer = act(world.planner, intent, "delegate", {"delegate_to": "helper"}, status=404)

    assert answer["error"]["code"] == "agent_not_found"


def test_delegating_is_refused_when_the_key_may_not_send_there(world):
    intent = asked(world)
    agent = world.workspace.agents.get(name="planner")
    _, secret = make_key(
        world.workspace, "narrow", ("work", "send"), agent=agent, targets=["agent://acme/production/x"]
    )

    answer = act(Api(secret), intent, "delegate", {"delegate_to": "helper"}, status=403)

    assert answer["error"]["code"] == "target_not_allowed"


def test_the_answer_goes_to_whoever_has_the_thread_when_the_intent_ends(world, api):
    intent = asked(world)
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})

    told = api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"}).json()["completion_delivery"]

    assert (told["delivered"], told["reply_to"], told["owner_agent"]) == (True, PLANNER, HELPER)
    assert kinds(thread(world.helper, intent))[-1] == "ended"


def test_reading_sets_the_count_of_unread_entries_to_zero_for_the_reader_alone(world):
    intent = answered(world)
    before = thread(world.planner, intent)["unread"]

    after = act(world.planner, intent, "read")["thread"]["unread"]

    assert (before, after) == (2, 0)
    assert thread(world.ana_api, intent, "?owner_agent=planner")["unread"] == 2
    assert len(kinds(thread(world.planner, intent))) == 2


def test_a_message_hidden_from_oneself_is_still_there_for_others(world):
    intent = asked(world)
    [first, _] = write(world.planner, intent, "one", "two")

    answer = act(world.planner, intent, "messages/delete", {"mode": "self", "message_ids": [first]})

    assert (answer["mode"], answer["deleted_count"], answer["message_ids"]) == ("self", 1, [first])
    assert said(answer["thread"]) == [None, "two"]
    assert said(thread(world.ana_api, intent)) == ["one", "two"]


def test_a_message_deleted_for_both_is_gone_for_everybody_and_leaves_its_place(world):
    intent = asked(world)
    [first, _] = write(world.planner, intent, "one", "two")

    answer = act(world.planner, intent, "messages/delete", {"mode": "both", "message_ids": [first.upper()]})

    assert answer["message_ids"] == [first]
    shown = thread(world.ana_api, intent)
    assert (said(shown), kinds(shown)) == ([None, "two"], ["waiting", "reply", "reply", "messages_deleted"])
    assert shown["timeline"][1]["details"]["deleted"] == "both"
    assert ThreadMessage.objects.get(pk=UUID(first)).deleted_at is not None


def test_deleting_again_deletes_nothing_and_adds_no_entry(world):
    intent = asked(world)
    [first] = write(world.planner, intent, "one")
    act(world.planner, intent, "messages/delete", {"mode": "both", "message_ids": [first]})

    for mode in ("both", "self"):
        answer = act(world.planner, intent, "messages/delete", {"mode": mode, "message_ids": [first]})
        assert answer["deleted_count"] == 0
    assert kinds(thread(world.planner, intent)).count("messages_deleted") == 1


def test_deleting_by_number_takes_the_newest_of_ones_own(world):
    intent = asked(world)
    first, second = write(world.planner, intent, "one", "two")
    write(world.ana_api, intent, "ana's")

    assert act(world.planner, intent, "messages/delete", {"mode": "both", "limit": 1})["message_ids"] == [second]
    assert act(world.planner, intent, "messages/delete", {"mode": "both"})["message_ids"] == [first]
    assert said(thread(world.planner, intent)) == [None, None, "ana's"]


def test_deleting_for_both_is_refused_when_somebody_else_wrote_it(world):
    intent = answered(world)
    [own] = write(world.planner, intent, "mine")
    [hers] = write(world.ana_api, intent, "hers")
    end = thread(world.planner, intent)["timeline"][1]["event_id"]

    for ids in ([hers], [own, hers], [end]):
        body = {"mode": "both", "message_ids": ids}
        assert act(world.planner, intent, "messages/delete", body, status=403)["error"]["code"] == "not_your_message"
    assert said(thread(world.planner, intent)) == ["mine", "hers"]


def test_the_answer_itself_can_be_hidden_from_oneself_alone(world):
    intent = answered(world)

    shown = act(world.planner, intent, "messages/delete", {"mode": "self"})["thread"]

    assert shown["timeline"][-1]["details"]["completion"] is None
    assert thread(world.ana_api, intent)["timeline"][-1]["details"]["completion"]["approved"] is True


@pytest.mark.parametrize(
    "body",
    [{}, {"mode": "all"}, {"mode": "self", "limit": 0}, {"mode": "self", "limit": 101}, {"mode": "self", "limit": True},
     {"mode": "self", "message_ids": []}, {"mode": "self", "message_ids": "x"}, {"mode": "self", "message_ids": [7]},
     {"mode": "self", "message_ids": ["x"], "limit": 1}],
)  # fmt: skip
def test_deleting_is_refused_when_the_body_is_none_that_it_takes(world, body):
    intent = asked(world)

    assert refusal(world.planner.post(f"/v1/inbox/{intent.pk}/messages/delete", body)) == (422, "schema_invalid")


def test_deleting_is_refused_when_a_message_is_of_another_thread(world):
    intent, other = asked(world), asked(world)
    [mine] = write(world.planner, intent, "mine")
    [elsewhere] = write(world.planner, other, "elsewhere")

    body = {"mode": "self", "message_ids": [mine, elsewhere]}

    assert act(world.planner, intent, "messages/delete", body, status=404)["error"]["code"] == "message_not_found"
    assert said(thread(world.planner, intent)) == ["mine"]


def test_a_delegate_of_the_same_name_elsewhere_is_somebody_else(world):
    make_agent(world.workspace, "prod")
    intent = asked(world)

    act(world.planner, intent, "delegate", {"delegate_to": "agent://acme/prod"})

    assert Thread.objects.get().inbox.address == "agent://acme/production/prod"


def test_a_purge_takes_messages_notes_and_kept_answers_and_closes_the_thread(world):
    intent = answered(world, payload={"word": "the-payload"})
    Outbox.objects.all().delete()
    act(world.planner, intent, "reply", {"message": "the-message"}, HTTP_IDEMPOTENCY_KEY="r1")
    act(world.planner, intent, "delegate", {"delegate_to": "helper", "note": "the-note"}, HTTP_IDEMPOTENCY_KEY="d1")

    assert purge(intent.pk, "test")

    shown = [thread(api, intent) for api in (world.helper, Api(token=world.tokens["bo"]))]
    kept = list(IdempotencyRecord.objects.values_list("response", flat=True))
    assert not [word for word in ("the-payload", "the-message", "the-note", "fine by me") if word in f"{shown}{kept}"]
    assert len(kept) == 2
    assert kinds(shown[0]) == ["waiting", "ended", "reply", "delegated", "received"]
    assert act(world.helper, intent, "reply", {"message": "x"}, status=409)["error"]["code"] == "intent_purged"
