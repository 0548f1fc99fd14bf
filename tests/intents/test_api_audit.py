"""`GET /v1/audit/events`: the workspace's chain over the wire."""

import pytest

from approvals.models import Membership
from intents.models import WorkspaceEntry
from intents.services.changes import record_change
from intents.services.checkpoints import CHANGE
from tests.acts import neighbours
from tests.conftest import Api
from tests.factories import make_key, make_token


@pytest.fixture
def written(world) -> list[int]:
    """Four entries on top of what the world has; their seqs."""
    other = {"name": "agent://acme/production/other"}
    named = {"name": world.agent.address}
    made = [
        record_change(world.workspace.pk, change, actor, details)
        for change, actor, details in (
            ("team.created", "person:ana@acme.example", {"before": None, "after": {"name": "dba"}}),
            ("agent.created", "key:sender", named),
            (CHANGE, "server", {"after": 0, "through": 9, "intents": [["x", 1, "y"], ["z", 2, "w"]]}),
            ("agent.killed", world.agent.address, other),
        )
    ]
    return [entry.seq for entry in made]


def seqs(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [event["seq"] for event in answer.json()["events"]]


def test_an_entry_says_who_did_what_and_what_there_was_before(api, world, written):
    event = api.get("/v1/audit/events?action_prefix=team.").json()["events"][0]

    entry = WorkspaceEntry.objects.get(workspace=world.workspace, seq=written[0])
    assert event.pop("at").endswith("Z")
    assert event == {
        "seq": written[0],
        "action": "team.created",
        "actor": "person:ana@acme.example",
        "details": {"before": None, "after": {"name": "dba"}},
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def test_the_newest_come_last_when_there_are_more(api, written):
    answer = api.get("/v1/audit/events?limit=2")

    assert seqs(answer) == [written[1], written[3]]
    assert answer.json()["has_more"] is False
    assert answer.json()["next_since"] == written[3]


def test_all_are_read_once_when_one_asks_on_from_where_one_was(api, written):
    found, since, more = [], 0, True
    while more:
        answer = api.get(f"/v1/audit/events?since={since}&limit=3")
        found += seqs(answer)
        since, more = answer.json()["next_since"], answer.json()["has_more"]

    assert found == [seq for seq in range(1, written[3] + 1) if seq != written[2]]
    assert api.get(f"/v1/audit/events?since={since}").json() == {
        "ok": True, "events": [], "next_since": since, "has_more": False,
    }  # fmt: skip


@pytest.mark.parametrize("prefix", ["history.", "history.checkpointed", "h"])
def test_checkpoints_are_shown_with_the_number_of_their_intents_when_asked_for(api, written, prefix):
    answer = api.get(f"/v1/audit/events?action_prefix={prefix}")

    assert seqs(answer) == [written[2]]
    assert answer.json()["events"][0]["details"] == {"after": 0, "through": 9, "intents": 2}


def test_an_agents_are_those_that_it_made_and_that_name_it(api, world, written):
    by_short_name = api.get("/v1/audit/events?owner_agent=infra-validator&since=0")
    by_address = api.get("/v1/audit/events?since=0", HTTP_X_OWNER_AGENT=world.agent.address)

    assert set(seqs(by_short_name)) >= {written[1], written[3]}
    assert seqs(by_short_name) == seqs(by_address)
    assert written[0] not in seqs(by_short_name)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "invalid_parameter"),
        ("limit=501", 422, "invalid_parameter"),
        ("since=-1", 422, "invalid_parameter"),
        ("since=9007199254740992", 422, "invalid_parameter"),
        ("action_prefix=%00", 400, "invalid_parameter"),
        ("action_prefix=Key", 422, "invalid_parameter"),
        ("owner_agent=agent://", 422, "invalid_agent_address"),
        ("owner_agent=agent://other/production/x", 403, "foreign_workspace"),
    ],
)
def test_a_query_is_refused_in_words_when_it_makes_no_sense(api, query, status, code):
    answer = api.get(f"/v1/audit/events?{query}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_only_ones_own_workspace_is_shown(world, written):
    other = neighbours()

    answer = Api(make_key(other.workspace, "p", ("provision",))[1]).get("/v1/audit/events?since=0")

    assert len(seqs(answer)) == WorkspaceEntry.objects.filter(workspace=other.workspace).count()


def test_an_admin_reads_it_and_nobody_else(world, written):
    send_only = make_key(world.workspace, "plain", ("send",))[1]
    Membership.objects.filter(person=world.ana).update(is_admin=True)

    codes = {
        who: Api(key, token).get("/v1/audit/events").status_code
        for who, key, token in (
            ("admin", "", world.tokens["ana"]),
            ("admin without the right to decide", "", make_token(world.ana, world.workspace, can_decide=False)),
            ("member", "", world.tokens["bo"]),
            ("sender", send_only, ""),
            ("agent", world.work_secret, ""),
        )
    }

    assert codes == {
        "admin": 200, "admin without the right to decide": 200, "member": 403, "sender": 403, "agent": 403,
    }  # fmt: skip
