"""Whatever people, programs and the clock do in whatever order, the promises hold after each step."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import time_machine
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from approvals.models import Absence, Decision, Gate
from approvals.services.absences import end_absence, start_absence
from approvals.services.amend import amend
from approvals.services.answer import Answer
from approvals.services.chains import save_chain
from approvals.services.claim import claim
from approvals.services.decide import decide
from approvals.services.delegate import delegate
from approvals.services.escalate import escalate
from approvals.services.extend import extend
from approvals.services.take_back import take_back
from approvals.sweeps import settle as settle_people
from intents import clock
from intents.errors import DomainError
from intents.lifecycle import is_final
from intents.models import Event, Intent, Step
from intents.services.fitting import fit_of
from intents.services.verify import chain_fits
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from tests.acts import START, ending, finish_work, take_work
from tests.factories import gate_rule, make_person, make_policy, make_team, make_world, send

NAMES = ("ana", "bo", "cy", "dee")
VIA, STRENGTH = "web", "signed_in"
CHAIN = {
    "steps": [
        {"after": 0, "who": ["person:ana@acme.example"], "remind": {"after": 600, "every": 600, "most": 2}},
        {"after": 1800, "who": ["team:sre"]},
    ],
    "repeat": 1,
    "last_resort": ["team:leads"],
}
OUTCOMES = ("approved", "approved", "rejected", "changes_requested", "nonsense")
KINDS = ("before", "after", "both", "asked")
LONGEST, A_DAY = timedelta(hours=3), timedelta(days=1)  # of a policy's gate, when extended; of one that none asks for
ANA = "ana@acme.example"
BOUNDS = hypothesis.settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


class Promises(RuleBasedStateMachine):
    """One workspace, a few intents, four people; `seen` remembers what may never change again."""

    world: SimpleNamespace
    traveller: time_machine.Traveller

    def __init__(self) -> None:
        super().__init__()
        self.outcomes: dict[UUID, tuple[str, str, Any]] = {}
        self.ends: dict[UUID, str] = {}

    @initialize()
    def begin(self) -> None:
        self.traveller.move_to(START)
        self.world = make_world()
        dee = make_person(self.world.workspace, "dee@acme.example", "Dee Osei")
        self.people = {**self.world.people, "dee": dee}
        make_team(self.world.workspace, "leads", dee, self.world.cy)
        save_chain(self.world.workspace, "patient", CHAIN, author=None)
        lines = [{"who": ["team:sre", "team:leads"], "need": 2}]
        timing = {"deadline": 7200, "warn_before": 600, "chain": "patient", "rejections": 2}
        gate = gate_rule(lines=lines, extend={"who": ["team:leads"], "most": 3600}, **timing)
        for kind, places in (("before", ["before"]), ("after", ["after"]), ("both", ["before", "after"])):
            gates = [{**gate, "place": place} for place in places]
            make_policy(self.world.workspace, kind, types=(f"intent.{kind}.*",), gates=gates)
        for kind, by in (("asked", ""), ("before", ANA), ("both", ""), ("after", ANA)):
            self.submit(kind=kind, by=by, amendable=True)  # so that there is something to do from the first step on

    @rule(kind=st.sampled_from(KINDS), by=st.sampled_from(["", ANA]), amendable=st.booleans())
    def submit(self, kind: str, by: str, amendable: bool) -> None:
        task = {"human_task": {"title": "May I?", "task_type": "review"}} if kind == "asked" else {}
        send(self.world, intent_type=f"intent.{kind}.v1", requested_by=by, amendable=amendable, **task)

    @rule(who=st.sampled_from(NAMES), outcome=st.sampled_from(OUTCOMES))
    def answer(self, who: str, outcome: str) -> None:
        for gate in self._open_gates():
            decide(gate.pk, Answer(outcome, "because"), self.people[who], via=VIA, strength=STRENGTH, full_view=True)

    @rule(who=st.sampled_from(NAMES))
    def answer_the_first(self, who: str) -> None:
        for gate in self._open_gates()[:1]:
            decide(gate.pk, Answer("approved", "", digest=gate.digest), self.people[who], via=VIA, strength=STRENGTH)

    @rule(who=st.sampled_from(NAMES), act=st.sampled_from([claim, escalate, take_back]))
    def act(self, who: str, act: Any) -> None:
        for gate in self._open_gates():
            act(gate.pk, self.people[who], via=VIA)

    @rule(who=st.sampled_from(NAMES), to=st.sampled_from(NAMES))
    def hand_on(self, who: str, to: str) -> None:
        for gate in self._open_gates():
            delegate(gate.pk, self.people[who], self.people[to].email, via=VIA)

    @rule(who=st.sampled_from(NAMES), seconds=st.sampled_from([1, 600, 1800, 3600, 3601, 5000]))
    def ask_for_time(self, who: str, seconds: int) -> None:
        for gate in self._open_gates():
            extend(gate.pk, self.people[who], seconds, "more time", via=VIA)

    @rule(who=st.sampled_from(NAMES), to=st.sampled_from(NAMES), hours=st.integers(1, 3))
    def go_away(self, who: str, to: str, hours: int) -> None:
        now = clock.now()
        try:
            until, delegate = now + timedelta(hours=hours), self.people[to]
            start_absence(self.world.workspace, self.people[who], now, until, delegate, actor="server")
        except (DomainError, ValueError):
            return

    @rule()
    def come_back(self) -> None:
        for absence in Absence.objects.filter(ends_at__gt=clock.now()):
            end_absence(absence, actor="server")

    @rule(count=st.integers(0, 5))
    def change(self, count: int) -> None:
        payload = {"target": "prod", "count": count}
        for intent in Intent.objects.filter(ended_at=None):
            fit = fit_of(self.world.principal, intent.intent_type, payload)
            try:
                amend(intent.pk, self.world.principal, payload, "it changed", fit)
            except DomainError:
                continue

    @rule()
    def work(self) -> None:
        free = Step.objects.filter(kind="agent", status="ready").count()
        for _ in range(min(free, 3)):
            handed = take_work(self.world)["intent_id"]
            finish_work(self.world, Intent.objects.get(pk=handed), validation="passed")

    @rule(seconds=st.sampled_from([1, 61, 600, 601, 1800, 3600, 90_000]))
    def let_time_pass(self, seconds: int) -> None:
        self.traveller.shift(seconds)
        self._tick()

    @rule()
    def tick(self) -> None:
        self._tick()

    @invariant()
    def promises_hold(self) -> None:
        assert not Intent.objects.filter(wake_at__lte=clock.now()).exists(), "the next moment is in the future"
        for intent in Intent.objects.select_related("texts"):
            self._whole(intent)
        for gate in Gate.objects.select_related("terms", "intent"):
            self._one_outcome(gate)
            self._only_those_who_may(gate)
            self._chain_in_bounds(gate)

    def _whole(self, intent: Intent) -> None:
        """A gapless history that fits; a moment at which something happens, or an end that stays."""
        assert list(intent.events.order_by("seq").values_list("seq", flat=True)) == list(range(1, intent.last_seq + 1))
        assert chain_fits(intent)
        assert (intent.wake_at is None) == is_final(intent.status)
        assert intent.gates.filter(closed_at=None).count() <= 1
        if not is_final(intent.status):
            return
        assert self.ends.setdefault(intent.pk, intent.status) == intent.status
        assert not intent.gates.filter(closed_at=None).exists()
        classes = set(intent.gates.values_list("outcome_class", flat=True))
        assert intent.status != "COMPLETED" or classes <= {"yes"}
        assert ending(intent)["approved"] == (intent.status == "COMPLETED")

    def _one_outcome(self, gate: Gate) -> None:
        longest = LONGEST if gate.terms.body["extend"] else A_DAY
        assert gate.expires_at <= min(gate.opened_at + longest, gate.intent.deadline_at)
        if gate.closed_at is None:
            assert gate.intent.wake_at <= gate.expires_at
        else:
            told = (gate.outcome, gate.reason, gate.closed_at)
            assert self.outcomes.setdefault(gate.pk, told) == told
        assert len(_events(gate, "intent.gate_closed")) == (gate.closed_at is not None)

    def _only_those_who_may(self, gate: Gate) -> None:
        standing = Decision.objects.filter(gate=gate, taken_back_at=None)
        seated = set(gate.seats.values_list("person_id", flat=True))
        for vote in standing:
            assert vote.person_id in seated
            assert str(vote.person_id) not in {*gate.intent.excluded, gate.intent.requester}
            assert vote.digest == gate.digest
        if gate.outcome_class == "yes":
            assert gate.reason == "decided"
            need = max(line["need"] for line in gate.terms.body["requirement"])
            assert standing.filter(outcome_class="yes").values("person").distinct().count() >= need

    def _chain_in_bounds(self, gate: Gate) -> None:
        """Until its chain begins anew a step is reached once in a round, and there are never too many reminders."""
        let_go = [row for row in _events(gate, "intent.decision_taken_back") if "changes_requested" in row.text.body]
        restarts = [row.seq for row in [*_events(gate, "intent.amended"), *let_go]]
        for epoch in range(len(restarts) + 1):
            told = [row for row in _events(gate, "intent.escalated") if sum(seq < row.seq for seq in restarts) == epoch]
            said = [row.said()["details"] for row in told]
            reached = Counter((each["round"], each["step"]) for each in said if each["escalated_to"])
            assert reached.total() - len(reached) <= 1, (
                f"only the last resort, told once, comes within a step: {reached}"
            )
        assert len(_events(gate, "intent.reminder")) <= 20
        warnings, extensions = _events(gate, "intent.gate_warning"), _events(gate, "intent.extended")
        assert len(warnings) <= 1 + len(extensions)

    def _open_gates(self) -> list[Gate]:
        return list(Gate.objects.filter(closed_at=None).order_by("opened_at"))

    def _tick(self) -> None:
        wake_due()
        settle_people()
        announce_due()
        deliver_due()


def _events(gate: Gate, event_type: str) -> list[Event]:
    rows = Event.objects.filter(intent=gate.intent, event_type=event_type).select_related("text")
    return [row for row in rows if row.said()["details"].get("gate_id", str(gate.pk)) == str(gate.pk)]


@pytest.mark.slow
def test_promises_hold_after_each_step_whatever_happens_in_whatever_order(db: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    settings.MESSAGES_PER_HOUR = 100_000

    class InDatabase(Promises):
        """Each example in a savepoint of its own, with a clock that stands still until it is moved."""

        def __init__(self) -> None:
            super().__init__()
            self.held = ExitStack()
            self.traveller = self.held.enter_context(time_machine.travel(START, tick=False))
            example: Any = transaction.atomic()
            example._from_testcase = True  # durable transactions may begin inside, as inside Django's own tests
            self.held.enter_context(example)

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.held.close()

    run_state_machine_as_test(InDatabase, settings=BOUNDS)
