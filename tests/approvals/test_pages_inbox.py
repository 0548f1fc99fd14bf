from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Membership
from approvals.services.answer import Answer
from approvals.services.decide import decide
from approvals.views.inboxrows import inbox_of
from intents import clock
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_person, make_policy, make_workspace, open_gate

pytestmark = pytest.mark.django_db


def by_web(gate, person, outcome="approved", comment="ok"):
    return decide(gate.pk, Answer(outcome, comment), person, via="web", strength="signed_in")


def lists(person):
    found = inbox_of(person, clock.now())
    return [[row.gate.title for row in rows] for rows in (found.waiting, found.others, found.closed)]


def test_front_page_is_the_inbox(world):
    assert Client().get("/")["Location"] == "/inbox"


def test_inbox_sorts_what_is_mine_what_is_others_and_what_is_done(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    mine = open_gate(world, human_task={"title": "mine"})
    voted = open_gate(world, human_task={"title": "voted"})
    open_gate(world, human_task={"title": "my own request"}, requested_by="ana@acme.example")
    done = open_gate(world, human_task={"title": "done"})
    by_web(voted, world.ana)
    by_web(done, world.bo, "rejected")

    assert lists(world.ana) == [["mine"], ["voted", "my own request"], ["done"]]
    page = text_of(signed_in(world.ana).get("/inbox"))
    assert "You answered: approved." in page
    assert "You are bound up with this request" in page
    assert "1 of 2 from sre" in page
    assert f"/gates/{mine.pk}" in page
    assert "from <strong>sender</strong> for <strong>Ana Ruiz</strong>" in page


def test_inbox_is_empty_in_words(world):
    assert "Nothing waits for you." in text_of(signed_in(world.ana).get("/inbox"))


def test_gates_of_other_workspaces_and_teams_are_not_listed(world):
    open_gate(world, human_task={"title": "ours"})
    stranger = make_person(make_workspace("other", "place"), "eve@other.example")
    member = make_person(world.workspace, "dee@acme.example")

    assert lists(stranger) == lists(member) == [[], [], []]


def test_who_lost_the_right_to_decide_is_told_so(world):
    open_gate(world, human_task={"title": "x"})
    Membership.objects.filter(person=world.ana).update(can_decide=False)

    assert lists(world.ana) == [[], ["x"], []]


def test_gate_that_only_the_request_asked_for_is_marked(world):
    make_policy(world.workspace, "pass", action="approve")
    open_gate(world, human_task={"title": "x"})

    assert "asked for by the requester" in text_of(signed_in(world.ana).get("/inbox"))


def test_live_list_answers_204_until_something_happens(world):
    client = signed_in(world.ana)
    page = client.get("/inbox")
    url = page.context["version"]

    assert client.get(f"/inbox/live?v={url}").status_code == 204
    gate = open_gate(world, human_task={"title": "new one"})
    changed = client.get(f"/inbox/live?v={url}")

    assert changed.status_code == 200
    assert "new one" in text_of(changed)
    assert "<html" not in text_of(changed)
    assert client.get(f"/inbox/live?v={changed.context['version']}").status_code == 204
    by_web(gate, world.bo)
    assert client.get(f"/inbox/live?v={changed.context['version']}").status_code == 200


def test_polling_without_a_session_is_401_so_that_nothing_on_the_page_is_lost(world):
    answer = Client().get("/inbox/live", HTTP_HX_REQUEST="true")

    assert (answer.status_code, answer.content) == (401, b"")


def test_number_of_queries_does_not_grow_with_the_list(world):
    client = signed_in(world.ana)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/inbox").status_code == 200
        return len(captured)

    open_gate(world, human_task={"title": "1"})
    one = queries()
    for number in range(5):
        gate = open_gate(world, human_task={"title": str(number)})
        by_web(gate, world.bo) if number % 2 else None

    assert queries() <= one + 1


def test_titles_are_escaped_and_their_tricks_shown(world):
    open_gate(world, human_task={"title": "<script>x</script> p\u0430y \u202egnp"})

    page = text_of(signed_in(world.ana).get("/inbox"))

    assert "<script>x" not in page
    assert "⟨U+202E⟩" in page
    assert "<mark" in page
