"""Questions to whoever asked: who may ask and answer, what it says to whom, and its limits."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from approvals.models import Gate, Person, Question
from approvals.services import ask as asking
from approvals.services.ask import answer, ask
from approvals.services.verdict import Verdict
from approvals.views.withdrawing import principal_of
from intents.principal import Principal
from intents.services.resume import resolve
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, KeptMail
from tests.acts import details, everybody_told, fast_forward, fresh, frozen_clock, history, neighbours, say
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_person, make_policy, open_gate

WHY = "Which customers see this?"


@pytest.fixture
def gate(world: SimpleNamespace) -> Gate:
    """Asked for by Cy."""
    return open_gate(world, requested_by="cy@acme.example")


def asked(gate: Gate, person: Person, text: str = WHY) -> Question:
    said = ask(gate.pk, person, text, via="web")
    assert said.recorded, said
    return Question.objects.get(pk=said.details["question_id"])


def answered(question: Question, by: Person | Principal, text: str = "All of them.") -> Verdict:
    who = by if isinstance(by, Principal) else principal_of(by, question.gate.workspace_id)
    return answer(question.gate_id, question.pk, text, who, via="web")


def told(purpose: str) -> list[str]:
    announce_due()
    rows = Delivery.objects.filter(purpose=purpose).order_by("created_at", "address")
    return list(rows.values_list("address", flat=True))


def test_question_is_recorded_and_the_requester_told_at_once(world, gate):
    question = asked(gate, world.bo)

    assert details(gate.intent, "question_asked") == {
        "gate_id": str(gate.pk),
        "by": "bo@acme.example",
        "name": "Bo Lind",
        "question_id": str(question.pk),
        "text": WHY,
        "via": "web",
    }
    assert told("question") == ["cy@acme.example"]
    assert Gate.objects.get(pk=gate.pk).is_open


def test_answer_is_told_to_whoever_asked(world, gate):
    question = asked(gate, world.bo)

    said = answered(question, world.cy)

    assert said.recorded
    assert told("answer") == ["bo@acme.example"]
    row = Question.objects.get(pk=question.pk)
    assert (row.answer, row.answered_by, row.by_program) == ("All of them.", "person:cy@acme.example", False)


def test_the_sending_program_may_answer(world, gate):
    question = asked(gate, world.bo)

    assert answered(question, world.principal).recorded

    row = Question.objects.get(pk=question.pk)
    assert (row.answered_by, row.by_program) == ("key:sender", True)


def test_mails_carry_question_and_answer(world, gate, settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    question = asked(gate, world.bo)
    announce_due()
    deliver_due()
    answered(question, world.principal, "All\nof them.")
    announce_due()
    deliver_due()

    [to_cy] = KeptMail.objects.filter(to="cy@acme.example", subject__startswith="Question")
    [to_bo] = KeptMail.objects.filter(to="bo@acme.example", subject__startswith="Answer")
    assert "Question from Bo Lind: " in to_cy.subject
    assert f"written by Bo Lind):\n> {WHY}" in to_cy.text
    assert f"/gates/{gate.pk}" in to_cy.text
    assert f"You asked (written by you):\n> {WHY}" in to_bo.text
    assert "The answer (written by sender, a program; unverified):\n> All\n> of them." in to_bo.text


def test_question_mail_is_not_sent_once_it_was_answered(world, gate, settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    question = asked(gate, world.bo)
    announce_due()
    answered(question, world.principal)

    deliver_due()

    assert not KeptMail.objects.filter(subject__startswith="Question").exists()


def test_deadline_runs_on_and_others_decide_while_a_question_is_open(world, gate):
    before = gate.expires_at
    asked(gate, world.bo)

    assert Gate.objects.get(pk=gate.pk).expires_at == before
    assert say(gate, world.ana).recorded


def test_question_is_told_to_nobody_where_no_person_stands_behind_the_request(world):
    gate = open_gate(world)

    said = ask(gate.pk, world.bo, WHY, via="web")

    assert "No person stands behind this request" in said.message
    assert told("question") == []


def test_members_without_a_seat_may_ask(world, gate):
    assert ask(gate.pk, make_person(world.workspace, "di@acme.example", can_decide=False), WHY, via="web").recorded


@pytest.mark.parametrize(
    ("who", "text", "code", "status"),
    [
        ("cy", WHY, "asks_yourself", 409),
        ("bo", "  \n ", "text_required", 422),
        ("bo", "x" * 2001, "text_too_long", 422),
        ("zoe", WHY, "not_a_member", 403),
    ],
)
def test_question_is_refused_when(world, gate, who, text, code, status):
    person = neighbours().zoe if who == "zoe" else world.people[who]

    said = ask(gate.pk, person, text, via="web")

    assert (said.recorded, said.code, said.status) == (False, code, status)
    assert not Question.objects.exists()


def test_question_is_refused_when_the_gate_is_settled(world, gate):
    say(gate, world.ana)

    assert ask(gate.pk, world.bo, WHY, via="web").code == "gate_closed"


def test_question_is_refused_when_the_time_has_run_out(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        traveller.shift(30 * 3600)

        assert ask(gate.pk, world.bo, WHY, via="web").code == "expired"


def test_question_is_refused_when_twenty_wait_already(world, gate):
    for number in range(asking.MOST_OPEN):
        asked(gate, world.bo, f"{number}?")

    said = ask(gate.pk, world.bo, WHY, via="web")

    assert (said.code, said.status) == ("too_many_questions", 409)


def test_question_is_refused_when_the_gate_had_its_hundred(world, gate, monkeypatch):
    monkeypatch.setattr(asking, "MOST", 2)
    for number in range(2):
        answered(asked(gate, world.bo, f"{number}?"), world.cy)

    assert ask(gate.pk, world.bo, WHY, via="web").code == "too_many_questions"


def test_answer_is_refused_when_it_is_not_ones_own_to_give(world, gate):
    question = asked(gate, world.bo)
    other = Principal(world.workspace.pk, key=make_key(world.workspace, "other")[0])

    refusals = [answered(question, who) for who in (world.bo, world.ana, other, world.worker)]

    assert {(said.code, said.status) for said in refusals} == {("not_the_requester", 403)}
    assert Question.objects.get().is_open


def test_answer_is_refused_when_there_is_one_already(world, gate):
    question = asked(gate, world.bo)
    answered(question, world.cy, "first")

    said = answered(question, world.principal, "second")

    assert (said.code, said.status) == ("already_answered", 409)
    assert Question.objects.get().answer == "first"


def test_answer_is_refused_when_the_question_is_of_another_gate(world, gate):
    question = asked(gate, world.bo)
    other = open_gate(world, requested_by="cy@acme.example")

    said = answer(other.pk, question.pk, "x", principal_of(world.cy, world.workspace.pk), via="web")

    assert (said.code, said.status) == ("no_such_question", 422)


def test_answer_is_refused_when_the_gate_is_settled(world, gate):
    question = asked(gate, world.bo)
    resolve(fresh(gate.intent), None, world.principal, {"status": "CANCELED"})

    assert answered(question, world.cy).code == "withdrawn"


def test_question_changes_nothing_of_what_silence_brings(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="approve")])
    with frozen_clock() as traveller:
        gate = open_gate(world)
        everybody_told(gate)
        asked(gate, world.bo)
        fast_forward(traveller, 4000)

    assert Gate.objects.get(pk=gate.pk).reason == "timeout"
    assert history(gate.intent)[-1] == "completed"


def test_question_and_answer_go_over_the_wire(world, gate):
    question = Api(token=world.tokens["bo"]).post(f"/v1/gates/{gate.pk}/ask", {"text": WHY}).json()
    said = {"question_id": question["question_id"], "text": "All of them."}

    answered = Api(world.sender_secret).post(f"/v1/gates/{gate.pk}/answer", said)

    assert answered.json()["applied"] is True
    [task] = Api(token=world.tokens["ana"]).get("/v1/me/tasks").json()["tasks"]
    assert task["questions"] == [
        {
            "question_id": question["question_id"],
            "by": "bo@acme.example",
            "name": "Bo Lind",
            "text": WHY,
            "at": task["questions"][0]["at"],
            "answer": "All of them.",
            "answered_by": "key:sender",
            "answered_at": task["questions"][0]["answered_at"],
        }
    ]


def test_question_is_one_when_the_request_is_repeated(world, gate):
    api = Api(token=world.tokens["bo"])

    first, again = (
        api.post(f"/v1/gates/{gate.pk}/ask", {"text": WHY}, HTTP_IDEMPOTENCY_KEY="k1").json() for _ in range(2)
    )

    assert first == again
    assert Question.objects.count() == 1


def test_another_programs_key_does_not_see_the_gate(world, gate):
    question = asked(gate, world.bo)
    other = Api(make_key(world.workspace, "other")[1])

    refused = other.post(f"/v1/gates/{gate.pk}/answer", {"question_id": str(question.pk), "text": "x"})

    assert refused.status_code == 404
