"""The Home in Slack: an inbox that stays true, and from which one decides only after having seen everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from approvals.models import Claim, Decision
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock, sweeps
from intents.models import WorkspaceEntry
from notifications.models import SlackHome, SlackInstallation, SlackLink
from notifications.slack.homepublish import LEASE
from notifications.slack.homes import opened
from notifications.slack.linking import unlink
from notifications.slack.senders import slack_due
from tests.acts import details, history
from tests.factories import gate_rule, make_person, make_policy, make_workspace, open_gate
from tests.fakes.slack import Slack
from tests.fakes.slackblocks import all_text
from tests.notifications.slacking import PUBLIC, installed, linked, said_to, send_form, slack_ready, tell, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]
LOOK = "Look and decide"


@pytest.fixture
def there(world, slack, settings):
    """acme/production speaks to Slack; Ana (in Madrid) and Bo are linked."""
    settings.BASE_URL = PUBLIC
    linked(world.ana, slack)
    linked(world.bo, slack)
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before")])
    return installed(world.workspace, slack)


def opens(slack: Slack, user: str = "UANA", **event: str) -> str:
    """This user opens their Home; what it says then."""
    assert tell_us(slack, slack.opened_home(user, **event)).status_code == 200
    slack_due()
    return words(slack, user)


def words(slack: Slack, user: str = "UANA") -> str:
    home = slack.home(user)
    return all_text(home["blocks"]) if home else ""


def later(time_machine: Any, seconds: int = 4) -> None:
    """Everybody is told, and every Home is true again."""
    tell()
    time_machine.shift(seconds)
    tell()


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


def test_home_shows_what_waits_what_was_sent_and_what_was_decided_in_the_readers_zone(world, slack, there):
    di = make_person(world.workspace, "di@acme.example", "Di Sato")
    done = open_gate(world, human_task={"title": "Drop a table"})
    decide(done.pk, Answer("rejected", comment="no."), world.bo, via="web", strength="signed_in")
    gate = open_gate(world, to_agent="infra-validator", human_task={"title": "Add *an* <!channel> index"})
    gate.intent.requester = di.ref
    gate.intent.save()
    sent = open_gate(world, human_task={"title": "Resize"})
    sent.intent.requester, sent.intent.excluded = world.ana.ref, [world.ana.ref]
    sent.intent.save()

    said = opens(slack)

    assert "Waiting for you (1)\nApprove? “Add *an* <!channel> index” on infra-validator" in said
    assert "By 2 Nov 16:02 CET, else not approved" in said
    assert "asked by sender (a program), for Di Sato · normal risk" in said
    assert "Asked for by you (1)\nApprove? “Resize”" in said
    assert "Waits for sre (Bo Lind and 1 other), until 2 Nov 16:02 CET, else not approved" in said
    assert "Decided lately (1)\nApprove? “Drop a table”" in said
    assert "Rejected by Bo Lind in the web inbox, 2 Nov 15:02 CET" in said
    assert f"{PUBLIC}/inbox" in json.dumps(slack.home("UANA"))


def test_home_is_published_only_for_the_home_tab_and_only_for_who_opens_it(world, slack, there):
    assert opens(slack, tab="messages") == ""
    opens(slack)

    assert [given["user_id"] for given in slack.called("views.publish")] == ["UANA"]
    assert words(slack, "UBO") == ""


def test_home_becomes_true_again_after_each_change_that_concerns_its_person(world, slack, there, time_machine):
    assert "Nothing waits for you." in opens(slack)
    gate = open_gate(world, human_task={"title": "Add an index"})
    later(time_machine)
    assert "“Add an index”" in words(slack)

    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)

    assert "Nothing waits for you." in words(slack)
    assert "Approved by Bo Lind in the web inbox" in words(slack)


def test_home_tells_when_the_time_ran_out(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    time_machine.shift(3601)
    sweeps.wake_due()
    later(time_machine)

    assert "Not approved: nobody answered in time" in words(slack)


def test_home_of_who_asked_becomes_true_again(world, slack, there, time_machine):
    di = make_person(world.workspace, "di@acme.example", "Di Sato", can_decide=False)
    linked(di, slack)
    gate = open_gate(world)
    gate.intent.requester = di.ref
    gate.intent.save()
    tell()
    time_machine.shift(4)
    assert "Asked for by you (1)" in opens(slack, "UDI")

    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)

    assert "Nothing that you asked for is under way." in words(slack, "UDI")


def test_changes_within_a_few_seconds_make_one_publication(world, slack, there, time_machine):
    opens(slack)
    for _ in range(3):
        open_gate(world)
        tell()
    assert len(slack.called("views.publish")) == 1

    later(time_machine, 4)

    assert len(slack.called("views.publish")) == 2
    assert "Waiting for you (3)" in words(slack)


def test_what_changes_nothing_on_a_home_is_not_published(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    tell()
    later(time_machine, 4)
    later(time_machine, 901)

    assert len(slack.called("views.publish")) == 1


def test_home_of_a_flood_stays_within_slacks_limits_and_says_how_many_more(world, slack, there):
    for number in range(25):
        open_gate(world, human_task={"title": f"{number} " + "Ж" * 250})

    said = opens(slack)

    assert "Waiting for you (25)" in said
    assert "And 5 more." in said
    assert len(slack.home("UANA")["blocks"]) <= 100


def test_home_without_a_public_address_carries_no_link_and_says_so(world, slack, there, settings):
    settings.BASE_URL = "http://10.0.0.5:8000"

    assert "No link: its address is private. Open http://10.0.0.5:8000/inbox" in opens(slack)


def test_home_of_an_unlinked_user_says_how_to_link_and_nothing_else(world, slack, there, time_machine):
    open_gate(world, human_task={"title": "Add an index"})
    slack.add_user("UEVE", "ana@acme.example")

    said = opens(slack, "UEVE")

    assert said.startswith(f"Link your account first: {PUBLIC}/account/slack")
    assert "2. Send it to Countersign as a direct message" in said
    assert "index" not in said


def test_home_of_a_resting_link_says_from_when_it_works_and_then_does(world, slack, there, time_machine):
    SlackLink.objects.filter(person=world.ana).update(linked_at=clock.now())
    assert "decides from 15:17 CET on" in opens(slack)

    later(time_machine, 901)

    assert "Nothing waits for you." in words(slack)


@pytest.mark.parametrize("user", [{"is_restricted": True}, {"is_stranger": True}])
def test_home_of_a_guest_or_a_foreign_user_shows_nothing_and_is_recorded(world, slack, there, user):
    open_gate(world, human_task={"title": "Add an index"})
    slack.users["UANA"] |= user

    said = opens(slack)

    assert said.startswith("This Slack account does not decide")
    assert "index" not in said
    assert WorkspaceEntry.objects.filter(change="slack_account.refused", actor="slack:T0ACME/UANA").count() == 1


def test_home_shows_only_workspaces_that_the_app_serves(world, slack, there, settings):
    elsewhere = make_workspace("acme", "secret-lab")
    elsewhere.memberships.create(person=world.ana, can_decide=True)
    open_gate(world, human_task={"title": "Add an index"})
    there.workspace = elsewhere
    there.save()

    said = opens(slack)

    assert "index" not in said
    assert "Nothing waits for you." in said


def test_home_empties_when_its_link_ends(world, slack, there, time_machine):
    open_gate(world)
    opens(slack)
    unlink(world.ana, SlackLink.objects.get(person=world.ana).pk, clock.now())
    later(time_machine)

    assert words(slack).startswith("Link your account first")


def test_home_is_rewritten_without_the_words_after_a_purge(world, slack, there, time_machine):
    gate = open_gate(world, human_task={"title": "Zaunkönig"})
    opens(slack)
    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    later(time_machine)
    assert "Zaunkönig" in words(slack)
    later(time_machine)

    call_command("purge", "--workspace", "acme/production", "--intent", str(gate.intent_id))
    later(time_machine)

    assert "Zaunkönig" not in words(slack)


def test_home_is_tried_again_when_slack_was_out_of_order(world, slack, there, time_machine):
    slack.fail("views.publish", "503", "429 5")
    assert opens(slack) == ""
    time_machine.shift(11)
    slack_due()
    time_machine.shift(6)
    slack_due()

    assert "Nothing waits for you." in words(slack)


def test_home_whose_worker_died_is_published_by_the_next_one(world, slack, there, time_machine):
    opened(there, "UANA")
    SlackHome.objects.update(attempt=1, lease_until=clock.now() + LEASE)
    slack_due()
    assert words(slack) == ""

    time_machine.shift(LEASE.total_seconds())
    slack_due()

    assert "Nothing waits for you." in words(slack)


def test_home_is_not_published_through_an_app_that_is_out_of_order(world, slack, there):
    slack.fail("views.publish", "token_revoked")
    opens(slack)

    assert SlackInstallation.objects.get().fault.startswith("The bot token was revoked")
    opens(slack)
    assert len(slack.called("views.publish")) == 1


def test_homes_that_somebody_looks_at_come_first_and_no_faster_than_slack_allows(world, slack, there, time_machine):
    for number in range(40):
        opened(there, slack.add_user(f"U{number}", f"p{number}@acme.example"))
    slack_due()
    first = len(slack.called("views.publish"))
    assert 20 < first < 40

    time_machine.shift(60)
    slack_due()

    assert len(slack.called("views.publish")) == 40


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


def test_every_home_knows_its_app_so_that_two_apps_of_a_team_do_not_mix(world, slack, there):
    opens(slack)
    SlackInstallation.objects.update(app_id="A0OTHER")
    slack.app.app_id = "A0OTHER"
    opens(slack)

    assert set(SlackHome.objects.values_list("app_id", flat=True)) == {"A0COUNTER", "A0OTHER"}
