"""Schedules, overrides, absences and off-boarding in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from approvals.models import Absence, Override, Person, Policy, Schedule
from approvals.services.absences import start_absence
from tests.approvals.browsing import signed_in, text_of
from tests.approvals.rotas import layer, make_override, make_schedule
from tests.changes import newest
from tests.factories import gate_rule, make_person, make_policy

pytestmark = pytest.mark.django_db
NOON = datetime(2099, 3, 2, 12, 0, tzinfo=UTC)
ROOT = "person:root@acme.example"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def admin(world):
    return signed_in(make_person(world.workspace, "root@acme.example", is_staff=True, is_superuser=True))


def moments(**fields: datetime) -> dict[str, str]:
    """As the admin's two fields for each."""
    days = {f"{name}_0": f"{moment:%Y-%m-%d}" for name, moment in fields.items()}
    return days | {f"{name}_1": f"{moment:%H:%M:%S}" for name, moment in fields.items()}


def test_a_schedules_page_shows_who_is_on_call_for_the_next_14_days(world, admin):
    row = make_schedule(world, layer(world.ana, world.bo, start="2099-03-01"))
    make_override(row, world.cy, NOON + timedelta(days=2), NOON + timedelta(days=2, hours=1))

    page = text_of(admin.get(f"/admin/approvals/schedule/{row.pk}/change/"))

    assert "<tr><td>Tue 03 Mar 09:00</td><td>ana@acme.example</td></tr>" in page
    assert "<tr><td>Wed 04 Mar 12:00</td><td>cy@acme.example</td></tr>" in page
    assert page.count("<tr><td>") == 17
    assert "bo@acme.example" in text_of(admin.get("/admin/approvals/schedule/"))


def test_an_override_is_checked_recorded_and_settled(world, admin):
    row = make_schedule(world, layer(world.ana))
    Schedule.objects.update(unsettled_since=None)
    form = {"schedule": row.pk, "person": world.bo.pk}
    url = "/admin/approvals/override/add/"

    wrong = admin.post(url, form | moments(starts_at=NOON, ends_at=NOON - timedelta(hours=1)))
    made = admin.post(url, form | moments(starts_at=NOON, ends_at=NOON + timedelta(hours=1)))

    assert "An override ends after it starts." in text_of(wrong)
    assert made.status_code == 302, text_of(made)
    assert Override.objects.get().author.email == "root@acme.example"
    assert newest(world.workspace)[:2] == ("override.created", ROOT)
    row.refresh_from_db()
    assert row.unsettled_since == NOON


def test_an_override_that_is_deleted_settles_too(world, admin):
    row = make_schedule(world, layer(world.ana))
    override = make_override(row, world.bo, NOON, NOON + timedelta(hours=1))
    Schedule.objects.update(unsettled_since=None)

    admin.post(f"/admin/approvals/override/{override.pk}/delete/", {"post": "yes"})

    assert newest(world.workspace)[:2] == ("override.deleted", ROOT)
    row.refresh_from_db()
    assert row.unsettled_since == NOON


def test_an_absence_is_checked_and_can_only_be_ended(world, admin):
    form = {"workspace": world.workspace.pk, "person": world.ana.pk, "delegate": world.ana.pk}
    times = moments(starts_at=NOON, ends_at=NOON + timedelta(days=1))
    url = "/admin/approvals/absence/add/"

    wrong = admin.post(url, form | times)
    made = admin.post(url, form | times | {"delegate": world.bo.pk})

    assert "Nobody is their own delegate." in text_of(wrong)
    assert made.status_code == 302, text_of(made)
    row = Absence.objects.get()
    assert newest(world.workspace)[:2] == ("absence.created", ROOT)
    admin.post("/admin/approvals/absence/", {"action": "end_now", "_selected_action": row.pk})
    row.refresh_from_db()
    assert row.ended_at == NOON


def test_off_boarding_shows_what_it_mends_before_it_does(world, admin):
    start_absence(world.workspace, world.bo, NOON, NOON + timedelta(days=1), world.ana, actor="x")
    make_policy(world.workspace, gates=[gate_rule("person:ana@acme.example", "team:sre")])
    chosen = {"action": "off_board", "_selected_action": world.ana.pk}

    between = text_of(admin.post("/admin/approvals/person/", chosen))

    assert "policy infra-changes asks the others" in between
    assert "<strong>Left for you:</strong> acme/production: absence of bo@acme.example" in between
    assert Person.objects.get(pk=world.ana.pk).is_active
    done = text_of(admin.post("/admin/approvals/person/", chosen | {"apply": "1"}))
    assert "Ana Ruiz: off-boarded" in done
    assert not Person.objects.get(pk=world.ana.pk).is_active
    assert Policy.objects.get().version == 2


def test_nobody_off_boards_themselves(world, admin):
    root = Person.objects.get(email="root@acme.example")

    answer = admin.post("/admin/approvals/person/", {"action": "off_board", "_selected_action": root.pk}, follow=True)

    assert "Nobody off-boards themselves." in text_of(answer)
    root.refresh_from_db()
    assert root.is_active
