"""Rules as a file: out and in again, all of it or nothing, with the line of each fault."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals.configfile.reading import read
from approvals.configfile.writing import write
from approvals.models import ApprovalSettings, Chain, Membership, Policy, PolicyVersion, Schedule, Team
from approvals.services.configexport import document_of
from approvals.services.configimport import Brought, bring_in
from intents.models import Workspace
from tests.changes import entries
from tests.conftest import Api
from tests.factories import gate_rule, make_policy
from tests.wire.everything import rows

FILE = """\
settings:
  unmatched: deny
  default_approvers: ['team:sre']
teams:
  sre: [ana@acme.example, bo@acme.example]
  leads: [cy@acme.example]
schedules:
  primary:
    zone: Europe/Berlin
    layers:
      - {name: week, people: ['person:ana@acme.example', 'person:bo@acme.example'], rotation: weekly,
         weekday: mon, handover: '09:00', start: 2026-11-02}
chains:
  slow:
    steps:
      - {after: 0, who: ['team:sre'], remind: {after: 1800, every: 1800, most: 3}}
      - {after: 7200, who: ['team:leads'], post: ['slack:#oncall']}
policies:
  - name: deploys
    match: {types: [intent.infra.*]}
    action: require
    gates:
      - place: before
        requirement:
          - {who: ['team:sre', 'team:leads'], need: 2}
        post: ['slack:#deploys']
        deadline: 86400
        chain: slow
  - name: notices
    active: false
    match: {types: [notify.*]}
    action: approve
"""


@pytest.fixture
def workspace(world: SimpleNamespace) -> Workspace:
    found: Workspace = world.workspace
    return found


def bring(workspace: Workspace, text: str, **how: Any) -> Brought:
    return bring_in(workspace, text, author=None, actor="operator:test", **how)


def test_file_makes_the_rules_and_comes_out_again_as_the_same(workspace: Workspace):
    brought = bring(workspace, FILE)

    assert brought.faults == ()
    assert "+  - name: deploys" in brought.difference
    assert read(write(document_of(workspace))).data == document_of(workspace)
    assert [policy.name for policy in Policy.objects.filter(is_active=True)] == ["deploys"]
    assert sorted(Team.objects.get(name="sre").people.values_list("name", flat=True)) == ["Ana Ruiz", "Bo Lind"]
    assert ApprovalSettings.objects.get().unmatched == "deny"
    assert {row.name: row.version for row in (Chain.objects.get(), Schedule.objects.get())} == {"slow": 1, "primary": 1}


def test_the_same_file_changes_nothing_the_second_time(workspace: Workspace):
    bring(workspace, FILE)
    before = rows()

    assert bring(workspace, FILE) == Brought()
    assert bring(workspace, write(document_of(workspace))) == Brought()
    assert rows() == before


def test_dry_run_says_the_same_and_does_nothing(workspace: Workspace):
    before = rows()

    looked = bring(workspace, FILE, dry_run=True)

    assert rows() == before
    assert looked == bring(workspace, FILE)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("need: 2", "need: 9", 19, "cannot agree"),
        ("chain: slow", "chain: fast", 19, "no chain 'fast'"),
        ("place: before", "place: beside", 23, "place"),
        ("deadline: 86400", "dedline: 86400", 23, "unknown key"),
        ("[cy@acme.example]", "[cy@acme.example, zoe@other.example]", 6, "no member"),
        ("who: ['team:leads']", "who: ['team:ghosts']", 14, "ghosts"),
        ("zone: Europe/Berlin", "zone: Middle/Earth", 9, "time zone"),
        ("most: 3", "most: 300", 16, "most"),
        ("unmatched: deny", "unmatched: shrug", 2, "unmatched"),
        ("default_approvers: ['team:sre']", "default_approvers: ['team:none']", 3, "team:none"),
        ("  leads: [cy@acme.example]\n", "  leads: []\n  leads: []\n", 7, "twice"),
        ("settings:", "setings:", 1, "no section"),
        ("name: notices", "name: deploys", 29, "twice"),
        ("name: notices", "name: Not A Slug!", 29, "slug"),
    ],
)
def test_one_fault_refuses_the_whole_file_with_its_line(
    workspace: Workspace, old: str, new: str, line: int, words: str
):
    before = rows()

    brought = bring(workspace, FILE.replace(old, new, 1))

    assert [fault for fault in brought.faults if words in fault.message], brought.faults
    assert line in {fault.line for fault in brought.faults}, brought.faults
    assert brought.difference == ""
    assert rows() == before


def test_what_a_section_leaves_out_is_switched_off_or_deleted(workspace: Workspace):
    bring(workspace, FILE)

    brought = bring(workspace, "policies: []\nchains: {}\n")

    assert brought.faults == ()
    assert not Policy.objects.filter(is_active=True).exists()
    assert not Chain.objects.exists()
    assert Schedule.objects.exists(), "a section that is not there is left alone"


def test_a_team_that_is_still_named_is_not_deleted(workspace: Workspace):
    bring(workspace, FILE)

    brought = bring(workspace, "teams:\n  sre: [ana@acme.example, bo@acme.example]\n")

    assert any("leads" in fault.message for fault in brought.faults), brought.faults
    assert Team.objects.filter(name="leads").exists()


def test_a_team_and_its_policy_change_together(workspace: Workspace):
    bring(workspace, FILE)
    moved = FILE.replace("team:sre', 'team:leads'], need: 2", "team:leads'], need: 1")
    moved = moved.replace("who: ['team:sre'], remind", "who: ['team:leads'], remind")

    assert bring(workspace, moved).faults == ()


def test_only_what_changed_gets_a_version_and_an_entry_with_its_author(world: SimpleNamespace, workspace: Workspace):
    bring(workspace, FILE)
    seen = len(entries(workspace))

    bring_in(workspace, FILE.replace("deadline: 86400", "deadline: 43200"), author=world.ana, actor="")

    assert [(change, actor) for change, actor, _ in entries(workspace)[seen:]] == [
        ("policy.changed", "person:ana@acme.example")
    ]
    assert PolicyVersion.objects.filter(policy__name="deploys").count() == 2
    assert PolicyVersion.objects.filter(policy__name="notices").count() == 1


def test_neighbours_are_not_touched(world: SimpleNamespace, workspace: Workspace):
    other = Workspace.objects.create(org="other", name="production")
    make_policy(workspace, gates=[gate_rule("team:sre")])

    bring(other, "policies: []\nteams: {}\n")

    assert Policy.objects.filter(workspace=workspace, is_active=True).exists()
    assert Team.objects.filter(workspace=workspace).exists()


def test_commands_write_and_read_the_file(workspace: Workspace, tmp_path: Any):
    path, out = tmp_path / "rules.yaml", StringIO()
    path.write_text(FILE)

    call_command("import_rules", str(workspace), str(path), dry_run=True, stdout=out)
    call_command("import_rules", str(workspace), str(path), stdout=out)
    call_command("export_rules", str(workspace), str(path))
    call_command("import_rules", str(workspace), str(path), stdout=out)

    assert "Nothing was changed." in out.getvalue()
    assert "acme/production now says this." in out.getvalue()
    assert out.getvalue().endswith("Nothing changes.\n")
    path.write_text("policies:\n  - {}\n")
    with pytest.raises(CommandError, match=r"rules\.yaml:2: A policy is a mapping"):
        call_command("import_rules", str(workspace), str(path))


def test_admins_do_it_over_the_api_and_are_named(world: SimpleNamespace, workspace: Workspace):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    admin, other = Api(token=world.tokens["ana"]), Api(token=world.tokens["bo"])

    refused = admin.post("/v1/rules", {"yaml": FILE.replace("need: 2", "need: 9")})
    applied = admin.post("/v1/rules", {"yaml": FILE})

    assert other.post("/v1/rules", {"yaml": FILE}).status_code == 403
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "rules_refused")
    assert refused.json()["error"]["details"]["faults"][0]["line"] == 19
    assert applied.json()["applied"] is True
    assert read(admin.get("/v1/rules").json()["yaml"]).data == document_of(workspace)
    assert entries(workspace, "policy.")[-1][1] == "person:ana@acme.example"
