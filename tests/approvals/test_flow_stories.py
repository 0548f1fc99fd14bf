"""Stories of requests that change their way, told on a movable clock."""

from __future__ import annotations

from tests.acts import (
    ending,
    fast_forward,
    finish_work,
    fresh,
    frozen_clock,
    gate_of,
    history,
    say,
    take_work,
)
from tests.approvals.test_amend import change
from tests.approvals.test_scenario_jumps import fail_work
from tests.factories import gate_rule, make_policy, make_team, send

MINUTE, HOUR = 60, 3600


def test_story_of_an_amended_payload(world):
    """Two of the team, then Cy. Ana agrees; the sender asks for less; Ana's yes is void; all of it is asked anew."""
    with frozen_clock() as clock:
        make_team(world.workspace, "director", world.cy)
        team = gate_rule("team:sre", need=2, place="before", deadline=4 * HOUR, remind={"after": 30 * MINUTE})
        make_policy(world.workspace, gates=[team, gate_rule("team:director", place="before")])
        intent = send(world, payload={"rows": 1000})

        say(gate_of(intent), world.ana)
        fast_forward(clock, 40 * MINUTE)
        assert history(intent).count("reminder") == 1

        change(world, intent, {"rows": 10}, reason="ten will do")
        asked = gate_of(intent)
        assert not asked.decisions.filter(taken_back_at=None).exists()
        fast_forward(clock, 31 * MINUTE)
        assert history(intent).count("reminder") == 2  # its clock began anew

        say(gate_of(intent), world.ana, digest=asked.digest)
        say(gate_of(intent), world.bo, digest=asked.digest)
        change(world, intent, {"rows": 5}, reason="or five")  # the team had agreed, and is asked once more
        for person in (world.ana, world.bo, world.cy):
            say(gate_of(intent), person, digest=gate_of(intent).digest)

        assert take_work(world)["payload"] == {"rows": 5}
        finish_work(world, intent, deleted=5)
        assert (ending(intent)["approved"], ending(intent)["payload"]) == (True, {"rows": 5})


def test_story_of_an_agent_that_failed_and_was_handed_to_a_person(world):
    """The agent takes the work and never answers. People are asked, remind each other, try again, and do it by hand."""
    with frozen_clock() as clock:
        gate = gate_rule("team:sre", place="after", deadline=2 * HOUR, remind={"after": 30 * MINUTE})
        make_policy(world.workspace, gates=[gate], on_agent_failure="ask")
        intent = send(world, max_delivery_attempts=1)

        take_work(world)
        fast_forward(clock, 11 * MINUTE)
        assert gate_of(intent).title.startswith("work failed: No result after 1 deliveries.")

        fast_forward(clock, 31 * MINUTE)
        assert history(intent).count("reminder") == 1
        say(gate_of(intent), world.ana, "retry")
        take_work(world)
        fail_work(world, intent)

        say(gate_of(intent), world.bo, "completed", fields={"result": "ran it from my laptop"})
        asked = gate_of(intent)
        assert [each["result"]["by"] for each in asked.ask.earlier] == ["bo@acme.example"]
        say(asked, world.cy)

        end = ending(intent)
        assert (fresh(intent).status, end["approved"]) == ("COMPLETED", True)
        assert end["result"] == {"by_hand": "ran it from my laptop", "by": "bo@acme.example"}
        assert [row["outcome"] for row in end["gates"]] == ["retry", "completed", "approved"]
