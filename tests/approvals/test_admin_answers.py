from __future__ import annotations

import pytest

from approvals.models import Decision, Gate
from approvals.services.answer import Answer
from approvals.services.decide import decide
from tests.approvals.browsing import signed_in, text_of
from tests.factories import make_person, open_gate

pytestmark = pytest.mark.django_db
GATES = "/admin/approvals/gate/"


@pytest.fixture
def admin(world):
    """Ana, who has a seat, and may open the admin."""
    world.ana.is_staff = world.ana.is_superuser = True
    world.ana.save()
    return signed_in(world.ana)


def choose(client, gates, action="approve", **fields):
    return client.post(GATES, {"action": action, "_selected_action": [str(gate.pk) for gate in gates], **fields})


def confirm(client, gates, action="approve", reason="checked", **fields):
    digests = {f"digest-{gate.pk}": gate.digest for gate in gates}
    return choose(client, gates, action, **{"apply": "1", "reason": reason, **digests, **fields})


def outcomes():
    return sorted(Gate.objects.values_list("outcome", flat=True))


def test_page_between_shows_each_gate_and_records_nothing(world, admin):
    gates = [open_gate(world, payload={"target": f"db-{n}"}, human_task={"title": f"T{n}"}) for n in range(2)]

    page = text_of(choose(admin, gates))

    for gate, target in zip(gates, ("db-0", "db-1"), strict=True):
        assert gate.digest in page
        assert target in page
    assert "Approve 2 of 2" in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("action", "outcome"), [("approve", "approved"), ("reject", "rejected")])
def test_confirmed_answers_go_through_decide_as_the_signed_in_person(world, admin, action, outcome):
    gates = [open_gate(world) for _ in range(3)]

    page = text_of(confirm(admin, gates, action))

    assert outcomes() == [outcome] * 3
    rows = Decision.objects.values_list("person__email", "via", "strength").distinct()
    assert list(rows) == [("ana@acme.example", "admin", "signed_in")]
    assert "3 of 3 recorded" in page


def test_reason_is_asked_for(world, admin):
    gates = [open_gate(world)]

    page = text_of(confirm(admin, gates, reason="  "))

    assert "Say why, in a sentence" in page
    assert not Decision.objects.exists()


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, ""])
def test_digest_that_was_not_shown_voids_that_answer_only(world, admin, digest):
    good, stale = open_gate(world), open_gate(world)

    page = text_of(confirm(admin, [good, stale], **{f"digest-{stale.pk}": digest}))

    assert outcomes() == ["", "approved"]
    assert "1 of 2 recorded" in page
    assert "has changed since" in page


def test_gates_with_a_form_evidence_or_too_much_to_show_get_a_link_instead(world, admin):
    form = {"type": "object", "properties": {"a": {"type": "string"}}}
    gates = [
        open_gate(world, human_task={"title": "f", "task_type": "form", "form_schema": form}),
        open_gate(world, human_task={"title": "e", "evidence_required": True}),
        open_gate(world, payload={f"k{number}": 1 for number in range(250)}),
    ]

    page = text_of(choose(admin, gates))
    done = text_of(confirm(admin, gates))

    for gate, words in zip(gates, ("has a form", "asks for evidence", "too long to be shown"), strict=True):
        assert f"/gates/{gate.pk}" in page
        assert words in page
        assert words in done
        assert f'name="digest-{gate.pk}"' not in page
    assert not Decision.objects.exists()


def test_superuser_without_a_seat_is_refused_like_anybody(world):
    root = make_person(world.workspace, "root@acme.example", is_staff=True, is_superuser=True)
    gate = open_gate(world)

    page = text_of(confirm(signed_in(root), [gate]))

    assert "This is for sre to decide." in page
    assert not Decision.objects.exists()
    assert gate.intent.events.filter(event_type="intent.decision_refused").exists()


def test_requester_cannot_approve_their_own_request_here_either(world, admin):
    gate = open_gate(world, requested_by="ana@acme.example")

    assert "bound up with this request" in text_of(confirm(admin, [gate]))
    assert not Decision.objects.exists()


def test_closed_gate_says_who_was_first(world, admin):
    gate = open_gate(world)
    decide(gate.pk, Answer("approved", "x"), world.bo, via="slack", strength="linked")

    assert "Bo Lind approved this at" in text_of(confirm(admin, [gate], "reject"))


def test_more_than_fifty_at_once_are_refused(world, admin):
    gates = [open_gate(world) for _ in range(51)]

    answer = confirm(admin, gates)

    assert answer.status_code == 302
    assert "At most 50" in text_of(admin.get(GATES))
    assert not Decision.objects.exists()


def test_poster_of_another_persons_name_is_ignored(world, admin):
    gate = open_gate(world)

    confirm(admin, [gate], person=str(world.bo.pk), user=str(world.bo.pk))

    assert Decision.objects.get().person == world.ana
