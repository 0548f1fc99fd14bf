"""A request in full, opened from the Home: one decides there after having seen everything, and only what is theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from approvals.models import Claim, Decision
from approvals.services.answer import Answer
from approvals.services.decide import decide
from notifications.models import SlackLink
from notifications.slack.openbutton import LOOK
from notifications.slack.senders import slack_due
from tests.acts import details, history
from tests.factories import open_gate
from tests.fakes.slack import Slack
from tests.fakes.slackblocks import all_text
from tests.notifications.slackhomes import opens
from tests.notifications.slacking import PUBLIC, said_to, send_form, slack_ready, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


def sheet(slack: Slack, user: str = "UANA", label: str = LOOK) -> dict[str, Any]:
    """The request in full that this button of the Home opens."""
    tell_us(slack, slack.click_in(slack.home(user), label, user), "/slack/interactions")
    kind, given = slack.views[-1]
    assert kind == "open"
    return dict(given["view"])


def press_in(slack: Slack, view: dict[str, Any], label: str, user: str = "UANA", **fields: Any) -> dict[str, Any]:
    """This button of the sheet is pressed; what stands in its place then."""
    answer = tell_us(slack, slack.click_in(view, label, user, **fields), "/slack/interactions")
    assert answer.status_code == 200
    kind, given = slack.views[-1]
    assert kind == "update"
    return dict(given["view"])


def votes() -> list[tuple[str, str, str]]:
    rows = Decision.objects.filter(taken_back_at=None).select_related("person").order_by("at")
    return [(row.person.email, row.outcome, row.via) for row in rows]


def test_approval_from_the_home_counts_after_the_whole_request_was_shown(world, slack, there):
    gate = open_gate(world, payload={"target": "prod-postgres-main"})
    opens(slack)

    view = sheet(slack)
    assert "target: prod-postgres-main" in all_text(view["blocks"])
    assert "If nobody answers by" in all_text(view["blocks"])
    assert votes() == []
    shown = press_in(slack, view, "Approve")

    assert votes() == [("ana@acme.example", "approved", "slack")]
    assert "Approved by Ana Ruiz in Slack at 14:02 UTC." in all_text(shown["blocks"])
    assert details(gate.intent, "decision_recorded")["full_view"] is True
    assert Decision.objects.get().digest == gate.digest


def test_refusal_from_the_home_asks_why_in_the_same_place(world, slack, there):
    open_gate(world)
    opens(slack)

    view = press_in(slack, sheet(slack), "Reject")
    assert votes() == []
    answer = send_form(slack, view, "UANA", comment="not today.")

    assert votes() == [("ana@acme.example", "rejected", "slack")]
    assert "Rejected by Ana Ruiz in Slack" in json.dumps(answer["view"])


def test_menu_of_the_sheet_does_what_the_cards_does(world, slack, there):
    open_gate(world)
    opens(slack)

    shown = press_in(slack, sheet(slack), "Show that I am looking at it")

    assert Claim.objects.get().person == world.ana
    assert "Everybody sees until 14:17 UTC" in all_text(shown["blocks"])


def test_home_itself_holds_nothing_that_decides(world, slack, there):
    gate = open_gate(world)
    opens(slack)
    decides = {
        "action_id": "decide:0",
        "value": json.dumps({"gate": gate.pk.hex, "outcome": "approved", "digest": gate.digest}),
    }

    assert '"decide:' not in json.dumps(slack.home("UANA"))
    tell_us(slack, slack.click_in(slack.home("UANA"), LOOK, "UANA", actions=[decides]), "/slack/interactions")

    assert votes() == []


def test_sheet_that_cannot_show_everything_offers_no_yes(world, slack, there):
    gate = open_gate(world, payload={"sql": "x" * 9000})
    opens(slack)

    view = sheet(slack)

    said = all_text(view["blocks"])
    assert "Not everything fits into this message. Review it in full before you agree." in said
    assert f"{PUBLIC}/gates/{gate.pk}" in json.dumps(view)
    assert "Approve" not in [line for line in said.splitlines() if line == "Approve"]


def test_slacks_retry_of_a_press_on_a_sheet_does_not_vote_twice(world, slack, there):
    gate = open_gate(world)
    opens(slack)
    body = slack.click_in(sheet(slack), "Approve", "UANA")

    for _ in range(2):
        tell_us(slack, body, "/slack/interactions")

    assert history(gate.intent).count("decision_recorded") == 1
    assert "This press was handled before" in all_text(slack.views[-1][1]["view"]["blocks"])


def test_press_on_a_sheet_of_what_has_changed_since_is_told_so(world, slack, there):
    gate = open_gate(world)
    opens(slack)
    view = sheet(slack)
    type(gate).objects.filter(pk=gate.pk).update(digest="sha256:" + "0" * 64)

    shown = press_in(slack, view, "Approve")

    assert "What you were shown has changed since" in all_text(shown["blocks"])
    assert votes() == []


def test_late_press_on_a_sheet_is_told_who_decided(world, slack, there):
    gate = open_gate(world)
    opens(slack)
    view = sheet(slack)
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")

    for label in ("Approve", "Reject"):
        assert "Bo Lind approved this at 14:02 UTC in the web inbox." in all_text(
            press_in(slack, view, label)["blocks"]
        )


def test_sheet_of_somebody_else_another_gate_app_or_team_or_without_our_seal_decides_nothing(world, slack, there):
    open_gate(world, human_task={"title": "one"})
    other = open_gate(world, human_task={"title": "two"})
    opens(slack)
    view = sheet(slack)
    button = next(block for block in view["blocks"] if block["type"] == "actions")["elements"][0]
    said = json.loads(button["value"])

    assert "This message was sent to somebody else" in all_text(press_in(slack, view, "Approve", "UBO")["blocks"])
    swapped = button | {"value": json.dumps(said | {"gate": other.pk.hex, "digest": other.digest})}
    shown = press_in(slack, view, "Approve", actions=[swapped])
    assert "Countersign does not know this message" in all_text(shown["blocks"])
    for fields in (
        {"app_id": "A0OTHER"},
        {"team_id": "T0OTHER"},
        {"private_metadata": '{"sheet": "x"}'},
        {"type": "home"},
    ):
        tell_us(slack, slack.click_in(view | fields, "Approve", "UANA"), "/slack/interactions")
    form = press_in(slack, view, "Reject")
    forged = form | {"private_metadata": form["private_metadata"].replace('"sheet": "', '"sheet": "x')}
    send_form(slack, forged, "UANA", comment="no.")

    assert votes() == []


@pytest.mark.parametrize("user", [{"is_restricted": True}, {"deleted": True}])
def test_press_on_a_home_or_a_sheet_by_who_is_no_full_member_any_more_is_refused_and_recorded(
    world, slack, there, user
):
    gate = open_gate(world)
    opens(slack)
    view = sheet(slack)
    slack.users["UANA"] |= user
    SlackLink.objects.update(fit_at=None)

    shown = press_in(slack, view, "Approve")
    tell_us(slack, slack.click_in(slack.home("UANA"), LOOK, "UANA"), "/slack/interactions")

    assert "This Slack account does not decide" in all_text(shown["blocks"])
    assert "This Slack account does not decide" in all_text(slack.views[-1][1]["view"]["blocks"])
    assert votes() == []
    assert history(gate.intent).count("attempt_refused") == 2


def test_press_on_a_home_after_leaving_the_workspace_shows_nothing(world, slack, there):
    open_gate(world, human_task={"title": "Add an index"})
    opens(slack)
    world.ana.memberships.update(is_active=False)

    view = sheet(slack)

    assert "There is no such gate." in all_text(view["blocks"])
    assert "index" not in all_text(view["blocks"])


@pytest.mark.parametrize("fault", ["expired_trigger_id", "503"])
def test_sheet_that_could_not_be_opened_in_time_is_offered_once_more(world, slack, there, fault):
    open_gate(world)
    opens(slack)
    slack.fail("views.open", fault)

    tell_us(slack, slack.click_in(slack.home("UANA"), LOOK, "UANA"), "/slack/interactions")

    assert "nothing was recorded. Press again:" in said_to(slack, "UANA")
    assert slack.whispers[-1]["channel"] == slack.dm("UANA")
    note = {"type": "message", "is_ephemeral": True, "message_ts": "1.2", "channel_id": slack.dm("UANA")}
    tell_us(
        slack,
        slack.click_in({"blocks": slack.whispers[-1]["blocks"]}, LOOK, "UANA", container=note),
        "/slack/interactions",
    )
    assert slack.views[-1][0] == "open"


def test_shown_request_of_a_command_and_a_nudge_open_the_same_sheet(world, slack, settings, time_machine):
    gate = slack_ready(world, slack, settings)
    note = tell_us(slack, slack.typed("UANA", "show 1"), "/slack/commands").json()
    time_machine.shift(2)
    tell_us(slack, slack.said("UANA", "approve", thread_ts=slack.to("UANA")[0].ts))
    slack_due()
    nudge = slack.to("UANA")[-1]
    place = {"type": "message", "is_ephemeral": True, "message_ts": "1.2", "channel_id": "C0ANY"}

    for blocks in (note["blocks"], nudge.blocks):
        tell_us(slack, slack.click_in({"blocks": blocks}, LOOK, "UANA", container=place), "/slack/interactions")
        assert slack.views[-1][0] == "open"

    press_in(slack, slack.views[-1][1]["view"], "Approve")
    assert Decision.objects.get().gate_id == gate.pk
