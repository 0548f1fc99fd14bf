"""`/countersign`, signed, over real HTTP: who may ask, what is answered to them alone, and what it changes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from approvals.models import Absence, Decision
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents import clock
from intents.errors import Invalid
from intents.models import WorkspaceEntry
from notifications.models import SlackLink
from notifications.slack.inbound.commandline import read, read_away
from notifications.slack.inbound.decisionwords import sounds_like_an_answer
from tests.approvals.rotas import layer, make_schedule
from tests.factories import gate_rule, make_policy, make_team, make_workspace, open_gate
from tests.notifications.slacking import PUBLIC, ana_linked, answered, installed, note_of, tell_us

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def there(world, slack, settings):
    """Ana may write to the bot."""
    return ana_linked(world, slack, settings)


def second_workspace(world, slack) -> Any:
    """acme/staging, in the same Slack team, with Ana as a member."""
    staging = make_workspace("acme", "staging")
    staging.memberships.create(person=world.ana, can_decide=True)
    installed(staging, slack)
    return staging


def test_list_says_what_waits_until_when_who_asks_and_how_risky_it_is(world, slack, there):
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", risk="high")])
    open_gate(world, to_agent="infra-validator", human_task={"title": "Add *an* <index>"})

    said = answered(slack, "list")

    assert "1 waits for you" in said
    assert "1. Approve? “Add *an* <index>” on infra-validator" in said
    assert "By 16:02 CET, else not approved · asked by sender (a program) · high risk · 0 of 1 from sre" in said
    assert "/countersign show 1" in said


def test_list_says_so_when_nothing_waits_and_leaves_out_what_is_answered(world, slack, there):
    assert answered(slack, "list") == "Nothing waits for you."
    open_gate(world)

    assert "1 waits for you" in answered(slack, " LIST ")
    world.ana.memberships.update(can_decide=False)

    assert answered(slack, "list") == "Nothing waits for you."


def test_list_of_a_flood_names_twenty_and_says_how_many_more(world, slack, there):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    for number in range(23):
        open_gate(world, human_task={"title": f"Number {number} " + "x" * 200})

    said = answered(slack, "list")

    assert "23 wait for you" in said
    assert "20. Approve?" in said
    assert "21. Approve?" not in said
    assert "And 3 more, in your inbox in Countersign." in said


def test_list_fits_into_slack_however_many_must_agree(world, slack, there):
    teams = [
        f"team:{make_team(world.workspace, f'{letter}{letter * 50}', world.ana).name}" for letter in "abcdefghijkl"
    ]
    make_policy(world.workspace, gates=[gate_rule(*teams)])
    for number in range(20):
        open_gate(world, human_task={"title": f"Number {number} " + "x" * 200})

    said = answered(slack, "list")

    assert "20. Approve?" in said


def test_show_gives_the_card_by_number_gate_or_intent_with_nothing_to_decide_by(world, slack, there):
    gate = open_gate(world, payload={"target": "prod <!channel>"}, human_task={"title": "Add an index"})

    by_number, by_gate, by_intent = (
        answered(slack, f"show {which}") for which in ("1", str(gate.pk), str(gate.intent_id))
    )

    assert by_number == by_gate == by_intent
    assert "target: prod <!channel>" in by_number
    assert "If nobody answers by" in by_number
    assert '"decide:' not in json.dumps(note_of(slack, "show 1"))
    assert not Decision.objects.exists()


def test_show_of_what_is_not_there_says_so(world, slack, there):
    wrong = {
        "show": "Say which: a number of /countersign list",
        "show 1": "There is no number 1",
        "show 0": "There is no number 0",
        "show x": "Say which",
        "show 019ac000-0000-7000-8000-000000000000": "There is no such request",
    }
    for text, words in wrong.items():
        assert words in answered(slack, text), text


def test_show_gives_nothing_of_a_workspace_that_the_app_does_not_serve(world, slack, there):
    gate = open_gate(world)
    elsewhere = make_workspace("acme", "staging")
    elsewhere.memberships.create(person=world.ana, can_decide=True)
    there.workspace = elsewhere
    there.save()

    assert "There is no such request" in answered(slack, f"show {gate.pk}")
    assert answered(slack, "list") == "Nothing waits for you."


def test_show_of_a_secret_field_is_masked(world, slack, there):
    make_policy(world.workspace, gates=[gate_rule("team:sre", secret=["payload.password"])])
    open_gate(world, payload={"password": "hunter2", "host": "db1"})

    said = answered(slack, "show 1")

    assert "hunter2" not in said
    assert "password: (secret)" in said


def test_oncall_says_who_is_on_call_and_who_is_next_in_the_callers_zone(world, slack, there):
    make_schedule(world, layer(world.ana, world.bo), name="primary", zone="Europe/Berlin")
    make_schedule(world, layer(world.bo), name="backup")

    said = answered(slack, "oncall")

    assert "primary: Bo Lind, until 3 Nov 09:00 CET\n    then Ana Ruiz" in said
    assert "backup: Bo Lind" in said
    assert "backup" not in answered(slack, "oncall primary")
    assert answered(slack, "oncall nights") == "There is no schedule “nights”."


def test_every_answer_names_the_workspace_when_the_team_serves_several(world, slack, there):
    second_workspace(world, slack)
    open_gate(world)

    assert "acme/production" in answered(slack, "list")
    said = answered(slack, "absent until 2026-12-24 delegate bo@acme.example")

    assert "acme/production: away from" in said
    assert "acme/staging: not recorded. The delegate is no member of acme/staging" in said
    assert Absence.objects.get().workspace == world.workspace


def test_approving_by_command_is_refused_and_explains_how(world, slack, there):
    open_gate(world)

    for text in ("approve 1", "LGTM", "reject", "yes", ":+1:"):
        assert "Nothing is decided by a command, on purpose" in answered(slack, text)
    assert not Decision.objects.exists()


def test_help_and_unknown_words_are_answered_with_what_there_is(world, slack, there):
    for text in ("", "help", "HELP me", "frobnicate <!channel>"):
        said = answered(slack, text, "UNOBODY")

        assert "/countersign oncall [SCHEDULE]" in said
        assert ("There is no “frobnicate”" in said) == text.startswith("frob")


def test_command_of_an_unlinked_or_new_account_says_how_to_link_and_does_nothing(world, slack, there):
    open_gate(world)
    slack.add_user("UEVE", "ana@acme.example")
    SlackLink.objects.update(linked_at=clock.now())

    for text in ("list", "show 1", "oncall", "absent", "absent until 2026-12-24", "absent off"):
        assert answered(slack, text, "UEVE") == f"Link your account first: {PUBLIC}/account/slack"
        assert answered(slack, text) == "Your account was linked just now, and decides from 15:17 CET on."
    assert not Absence.objects.exists()


def test_show_of_what_is_over_or_of_somebody_elses_says_so_and_nothing_untrue(world, slack, there):
    gate = open_gate(world)
    gate.intent.excluded = [world.ana.ref]
    gate.intent.save()
    said = answered(slack, f"show {gate.pk}")
    assert "You are bound up with this request" in said
    assert "among those who may decide" not in said

    decide(gate.pk, Answer("approved"), world.bo, via="web", strength="signed_in")
    over = answered(slack, f"show {gate.intent_id}")

    assert "Approved by Bo Lind in the web inbox" in over
    assert "You were asked" not in over
    assert "Look and decide" not in said + over


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"is_restricted": True}, "it is a guest's."),
        ({"is_bot": True}, "it is a bot."),
        ({"is_stranger": True}, "it belongs to another Slack team."),
    ],
)
def test_command_of_a_guest_a_bot_or_a_foreign_user_is_refused_told_and_recorded_once(world, slack, there, user, why):
    slack.users["UANA"] |= user

    for text in ("list", "absent until 2026-12-24", "list"):
        assert answered(slack, text) == f"This Slack account does not decide: {why} Nothing was recorded."

    entries = WorkspaceEntry.objects.filter(change="slack_account.refused")
    assert [entry.actor for entry in entries] == ["slack:T0ACME/UANA"]
    assert not Absence.objects.exists()


def test_command_of_somebody_who_has_left_the_workspace_is_refused(world, slack, there):
    world.ana.memberships.update(is_active=False)

    assert answered(slack, "list") == "You are no member of acme/production any more."


def test_command_with_a_bad_signature_or_of_another_app_or_team_is_401_and_does_nothing(world, slack, there):
    body = slack.typed("UANA", "absent until 2026-12-24")
    bad = [slack.signed(body, secret="f" * 32), slack.signed(body, at=clock.now().timestamp() - 301)]
    assert {tell_us(slack, body, "/slack/commands", **each).status_code for each in bad} == {401}
    for fields in ({"api_app_id": "A0OTHER"}, {"team_id": "T0OTHER"}):
        foreign = slack.typed("UANA", "absent until 2026-12-24", **fields)
        assert tell_us(slack, foreign, "/slack/commands").status_code == 401

    assert not Absence.objects.exists()


def test_command_is_answered_as_not_confirmed_when_slack_does_not_say_who_it_was(world, slack, there):
    slack.fail("users.info", "503")

    assert answered(slack, "absent until 2026-12-24").startswith("Not confirmed yet")
    assert not Absence.objects.exists()
    assert "away from" in answered(slack, "absent until 2026-12-24")


@given(st.text(max_size=60), st.sampled_from(["", "until 2026-12-24 ", "until 2026-12-24 delegate ", "until "]))
@bounded(max_examples=60, deadline=None)
def test_line_is_read_or_refused_in_words_whatever_it_holds(text, before):
    line = read(f"absent {before}{text}")
    assert all(word.encode() for word in line.words)
    with suppress(Invalid):
        assert read_away(line.words, UTC).until.tzinfo is UTC


def test_line_without_what_no_database_stores_is_still_answered(world, slack, there):
    for text in ("oncall a\0b", "show \0", "absent until 2026-12-24 delegate a\0@acme.example"):
        assert answered(slack, text)
    assert read("show \ud800x").words == ("x",)


def test_word_of_approval_is_known_by_its_sound():
    ones = ["Approve!", "yes, please", "LGTM 👍", ":+1:", "`ok`", "approved from me, thanks", "go ahead", "no"]
    others = ["why is this needed?", "ok but what about replicas", "nobody knows", "", "please"]

    assert [text for text in [*ones, *others] if sounds_like_an_answer(text)] == ones
