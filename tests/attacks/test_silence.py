"""What may not pass for silence."""

from __future__ import annotations

from types import SimpleNamespace

from tests.acts import ending, everybody_told, fast_forward, fresh, frozen_clock, say
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
