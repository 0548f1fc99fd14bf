"""What may not pass for silence."""

from __future__ import annotations

from types import SimpleNamespace

from approvals.selectors import silence_outcome
from approvals.services.take_back import take_back
from intents.sweeps import wake_due
from tests.acts import ending, everybody_told, fast_forward, fresh, frozen_clock, gate_of, say
from tests.factories import gate_rule, make_policy, open_gate


def test_silence_approves_nothing_when_somebody_has_refused(world: SimpleNamespace) -> None:
    with frozen_clock() as traveller:
        make_policy(world.workspace, gates=[gate_rule("team:sre", rejections=2, on_timeout="approve")])
        gate = open_gate(world)
        everybody_told(gate)
        say(gate, world.bo, "rejected")

        fast_forward(traveller, 4_000)

        assert fresh(gate.intent).status == "TIMED_OUT"
        assert ending(gate.intent)["approved"] is False


def test_silence_approves_nothing_when_it_was_held_for_changes_meanwhile(world: SimpleNamespace) -> None:
    """While it is held nobody can say no: one approver could hold it until the end, and then let go."""
    with frozen_clock() as traveller:
        make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, on_timeout="approve")])
        gate = open_gate(world, human_task={"task_type": "review"}, amendable=True)
        everybody_told(gate)
        say(gate, world.bo, "changes_requested", comment="smaller")
        fast_forward(traveller, 3_590)
        assert take_back(gate.pk, world.bo, via="web").recorded
        assert silence_outcome(gate_of(gate.intent)) == "not approved"

        fast_forward(traveller, 60)

        assert (fresh(gate.intent).status, ending(gate.intent)["outcome"]) == ("TIMED_OUT", "expired")


def test_nobody_takes_back_a_refusal_once_the_time_is_over(world: SimpleNamespace) -> None:
    """The sweep may be late: what stood at the deadline stands."""
    with frozen_clock() as traveller:
        make_policy(world.workspace, gates=[gate_rule("team:sre", rejections=2, on_timeout="approve")])
        gate = open_gate(world)
        everybody_told(gate)
        say(gate, world.bo, "rejected")
        traveller.shift(3_601)

        assert take_back(gate.pk, world.bo, via="web").code == "expired"

        wake_due()
        assert ending(gate.intent)["approved"] is False
