"""Who may open which inbox, what they see there, and that `changes` leaves nothing out."""

import pytest

from intents.models import Intent, ThreadEntry
from intents.timeline import notice_of
from tests.acts import gate_of, neighbours, say
from tests.conftest import Api
from tests.factories import make_agent, make_key, make_token, make_world, send
from tests.intents.inboxes import HELPER, PLANNER, act, answered, asked, changes, kinds, thread, with_agents
from tests.intents.test_api_accounts import refusal


@pytest.fixture
def world(db):
    return with_agents(make_world())


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["thread_id"] for row in answer.json()["threads"]]


def test_the_list_has_the_threads_that_moved_last_first(world):
    first, second = answered(world), asked(world)
    act(world.planner, first, "reply", {"message": "thanks"})

    assert ids(world.planner.get("/v1/inbox")) == [str(first.pk), str(second.pk)]
    assert ids(world.planner.get("/v1/inbox?limit=1")) == [str(first.pk)]


@pytest.mark.parametrize("status", ["pending", "active", "done"])
def test_the_list_has_only_threads_of_the_status_that_was_asked_for(world, status):
    done, pending, active = answered(world), asked(world), asked(world)
    Intent.objects.filter(pk=active.pk).update(waiting_reason="WAITING_FOR_AGENT")
    wanted = {"done": done, "pending": pending, "active": active}[status]

    found = world.planner.get(f"/v1/inbox?status={status}").json()["threads"]

    assert [(row["thread_id"], row["status"]) for row in found] == [(str(wanted.pk), status)]


def test_the_list_shows_the_newest_entries_and_the_verdict_alone(world):
    intent = answered(world)
    for number in range(6):
        act(world.planner, intent, "reply", {"message": f"m{number}"})

    [row] = world.planner.get("/v1/inbox").json()["threads"]

    assert (kinds(row), row["entries"]) == (["reply"] * 5, 8)
    [row] = world.planner.get("/v1/inbox/changes").json()["changes"]
    end = row["thread"]["timeline"][1]["details"]
    assert (end["completion"]["approved"], end["completion"]["payload"], end["withheld"]) == (True, {}, True)


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?limit=x", "?status=open"])
def test_the_list_is_refused_when_a_parameter_is_none_that_it_takes(world, query):
    assert refusal(world.planner.get(f"/v1/inbox{query}")) == (422, "invalid_parameter")


@pytest.mark.parametrize("path", ["", "/changes"])
def test_an_inbox_opens_to_its_own_agent_by_any_name_for_it(world, path):
    answered(world)

    for name in ("planner", PLANNER, "acme/production/planner"):
        assert world.planner.get(f"/v1/inbox{path}?owner_agent={name}").status_code == 200
    assert world.planner.get(f"/v1/inbox{path}", HTTP_X_OWNER_AGENT="planner").status_code == 200


@pytest.mark.parametrize("path", ["", "/changes", "/{id}"])
def test_an_inbox_is_closed_to_another_agent(world, path):
    path = "/v1/inbox" + path.format(id=answered(world).pk)

    assert refusal(world.helper.get(f"{path}?owner_agent=planner")) == (403, "not_your_inbox")
    assert refusal(world.helper.get(path, HTTP_X_OWNER_AGENT=PLANNER)) == (403, "not_your_inbox")


@pytest.mark.parametrize("path", ["", "/changes", "/{id}"])
def test_an_inbox_is_closed_to_a_key_that_belongs_to_no_agent(world, api, path):
    path = "/v1/inbox" + path.format(id=answered(world).pk)

    assert refusal(api.get(path)) == (403, "invalid_scope")
    assert refusal(api.get(f"{path}?owner_agent=planner")) == (403, "invalid_scope")


@pytest.mark.parametrize("path", ["", "/changes", "/{id}"])
def test_owner_agent_is_refused_when_it_comes_twice_and_differs(world, path):
    path = "/v1/inbox" + path.format(id=answered(world).pk)

    answer = world.planner.get(f"{path}?owner_agent=planner", HTTP_X_OWNER_AGENT="helper")

    assert refusal(answer) == (400, "owner_mismatch")


def test_a_thread_looks_unknown_to_whoever_does_not_have_it(world):
    intent, unknown = answered(world), "0192f0c5-0000-7000-8000-000000000000"

    answers = [world.helper.get(f"/v1/inbox/{name}") for name in (intent.pk, unknown, "no-id")]

    assert {refusal(answer) for answer in answers} == {(404, "thread_not_found")}
    assert len({answer.content for answer in answers}) == 1


def test_a_neighbour_opens_nothing_whatever_they_ask(world):
    intent, other = answered(world), neighbours()
    agent = make_agent(other.workspace, "planner")
    machine = Api(make_key(other.workspace, "planner", ("work",), agent=agent)[1])
    person = Api(token=make_token(other.zoe, other.workspace))

    for api in (machine, person):
        assert refusal(api.get(f"/v1/inbox/{intent.pk}")) == (404, "thread_not_found")
        assert refusal(api.get(f"/v1/inbox?owner_agent={PLANNER}")) == (403, "foreign_workspace")
        assert ids(api.get("/v1/inbox?owner_agent=planner")) == []
        assert changes(api, "?owner_agent=planner")["changes"] == []
        for name, body in (("reply", {"message": "x"}), ("delegate", {"delegate_to": "planner"}), ("read", {})):
            assert act(api, intent, name, body, status=404)["error"]["code"] == "thread_not_found"
    assert kinds(thread(world.planner, intent)) == ["waiting", "ended"]


def test_a_person_opens_any_inbox_of_the_workspace_and_has_to_name_it(world):
    intent = answered(world)
    bo = Api(token=world.tokens["bo"])

    assert refusal(bo.get("/v1/inbox")) == (422, "owner_agent_required")
    assert ids(bo.get("/v1/inbox?owner_agent=planner")) == [str(intent.pk)]
    assert thread(bo, intent)["timeline"][-1]["details"]["completion"]["payload"] == {"target": "prod-postgres-main"}
    assert refusal(bo.get(f"/v1/inbox/{intent.pk}?owner_agent=helper")) == (404, "thread_not_found")


def test_a_revoked_key_opens_nothing(world):
    world.workspace.keys.update(revoked_at="2026-01-01T00:00:00Z")

    assert refusal(world.planner.get("/v1/inbox")) == (401, "invalid_platform_api_key")


def test_a_killed_agent_opens_nothing_and_its_inbox_fills_on(world):
    intent = asked(world)
    world.workspace.agents.filter(name="planner").update(killed_at="2026-01-01T00:00:00Z")
    say(gate_of(intent), world.ana)

    assert refusal(world.planner.get("/v1/inbox")) == (403, "agent_killed")
    assert act(world.planner, intent, "reply", {"message": "x"}, status=403)["error"]["code"] == "agent_killed"
    assert kinds(thread(Api(token=world.tokens["bo"]), intent)) == ["waiting", "ended"]


def test_a_delegate_reads_the_verdict_and_not_the_request(world):
    intent = asked(world)
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})
    say(gate_of(intent), world.ana, comment="a secret reason")

    shown = thread(world.helper, intent)

    end = shown["timeline"][-1]["details"]
    assert (end["withheld"], end["completion"]["approved"], end["completion"]["outcome"]) == (True, True, "approved")
    assert (end["completion"]["payload"], end["completion"]["gates"], end["completion"]["summary"]) == ({}, [], "")
    assert "secret" not in str(shown)
    assert "prod-postgres-main" not in str(shown)
    assert "ana" not in str(shown)


def test_a_delegate_reads_all_of_it_when_the_intent_has_work_for_it(world):
    intent = send(world, to_agent="helper", reply_to="planner")
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})
    say(gate_of(intent), world.ana, "rejected", comment="no")

    end = thread(world.helper, intent)["timeline"][-1]["details"]

    assert (end["withheld"], end["completion"]["comment"]) == (False, "no")


def test_changes_come_in_order_and_each_once_when_read_page_by_page(world):
    intents = [answered(world) for _ in range(3)]
    seen, cursor = [], ""
    while True:
        page = changes(world.planner, f"?limit=2&cursor={cursor}")
        seen += [(row["thread"]["thread_id"], kind) for row in page["changes"] for kind in kinds(row["thread"])]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break

    assert seen == [(str(intent.pk), kind) for intent in intents for kind in ("waiting", "ended")]
    assert changes(world.planner, f"?cursor={cursor}") == {
        "ok": True,
        "changes": [],
        "next_cursor": cursor,
        "has_more": False,
    }


def test_changes_go_on_where_the_cursor_stands_when_more_comes(world):
    intent = asked(world)
    cursor = changes(world.planner)["next_cursor"]
    say(gate_of(intent), world.ana)

    [row] = changes(world.planner, f"?cursor={cursor}")["changes"]

    assert (kinds(row["thread"]), row["thread"]["status"]) == (["ended"], "done")
    assert 3 <= len(row["cursor"]) <= 128


def test_changes_of_one_thread_are_one_row_at_the_last_of_them(world):
    intent, other = asked(world), asked(world)
    say(gate_of(intent), world.ana)

    rows = changes(world.planner)["changes"]

    assert [(row["thread"]["thread_id"], kinds(row["thread"])) for row in rows] == [
        (str(other.pk), ["waiting"]),
        (str(intent.pk), ["waiting", "ended"]),
    ]
    assert [row["cursor"] for row in rows] == sorted(row["cursor"] for row in rows)


def test_changes_of_an_empty_inbox_have_no_cursor(world):
    empty = {"ok": True, "changes": [], "next_cursor": None, "has_more": False}

    assert changes(world.planner) == empty


@pytest.mark.parametrize("cursor", ["c1", "x", "c00000000000000000000000001", "c-00000000001", "0", "c" * 200])
def test_changes_are_refused_when_the_cursor_is_none_of_ours(world, cursor):
    assert refusal(world.planner.get(f"/v1/inbox/changes?cursor={cursor}")) == (422, "invalid_cursor")


def test_whoever_handed_a_thread_on_learns_that_it_is_gone_and_no_more(world):
    intent = asked(world)
    act(world.planner, intent, "delegate", {"delegate_to": "helper", "note": "yours"})
    act(world.helper, intent, "reply", {"message": "between us"})
    say(gate_of(intent), world.ana)

    [row] = changes(world.planner)["changes"]

    assert (kinds(row["thread"]), row["thread"]["owner_agent"]) == (["waiting", "delegated"], HELPER)
    [row] = changes(world.helper)["changes"]
    assert kinds(row["thread"]) == ["received", "reply", "ended"]


def test_entries_have_the_names_under_which_watchers_know_them(world):
    intent = asked(world)
    act(world.planner, intent, "reply", {"message": "hm"})
    act(world.planner, intent, "delegate", {"delegate_to": "helper"})
    say(gate_of(intent), world.ana)

    rows = ThreadEntry.objects.order_by("position").values_list("inbox__address", "cursor", "kind", "position")

    assert [(address, cursor, notice_of(kind, position)) for address, cursor, kind, position in rows] == [
        (PLANNER, 1, "inbox.thread_created"),
        (PLANNER, 2, "inbox.reply_received"),
        (PLANNER, 3, "inbox.thread_updated"),
        (HELPER, 1, "inbox.thread_created"),
        (HELPER, 2, "inbox.thread_updated"),
    ]
