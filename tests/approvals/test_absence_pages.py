"""A person's own absences, on their page and over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from approvals.models import Absence
from approvals.services.absences import start_absence
from tests.acts import neighbours
from tests.approvals.browsing import signed_in, text_of
from tests.conftest import Api

pytestmark = pytest.mark.django_db
NOON = datetime(2099, 3, 2, 12, 0, tzinfo=UTC)
URL = "/v1/me/absences"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(world):
    """The same, whose tokens hold in that year."""
    from tests.factories import make_token

    world.tokens = {name: make_token(person, world.workspace) for name, person in world.people.items()}
    return world


def typed(**fields: str) -> dict[str, str]:
    form = {"workspace": "acme/production", "starts_at": "", "ends_at": "2099-03-09T09:00", "delegate": ""}
    return form | fields


def test_the_page_begins_shows_and_ends_an_absence(world):
    client = signed_in(world.ana)
    assert text_of(client.get("/account/absence")).count("<h2") == 1

    answer = client.post("/account/absence", typed(delegate="bo@acme.example"), follow=True)

    row = Absence.objects.get()
    assert (row.person, row.delegate, row.starts_at) == (world.ana, world.bo, NOON)
    assert row.ends_at == datetime(2099, 3, 9, 9, tzinfo=UTC)
    assert "Bo Lind</strong> is asked instead" in text_of(answer)
    ended = client.post(f"/account/absence/{row.pk}", follow=True)
    assert "That absence has ended" in text_of(ended)
    row.refresh_from_db()
    assert row.ended_at == NOON


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ends_at": "soon"}, "Until must be a date and a time"),
        ({"ends_at": "2099-03-01T09:00"}, "ends after it starts"),
        ({"starts_at": "x"}, "From must be a date and a time"),
        ({"delegate": "zoe@other.example"}, "is no member of acme/production"),
        ({"workspace": "other/production"}, "Choose one of your workspaces"),
    ],
)
def test_the_page_keeps_what_was_typed_when_it_is_wrong(world, wrong, words):
    answer = signed_in(world.ana).post("/account/absence", typed(**wrong))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert f'value="{wrong.get("ends_at", "2099-03-09T09:00")}"' in text_of(answer)
    assert not Absence.objects.exists()


def test_nobody_ends_anothers_absence(world):
    row = start_absence(world.workspace, world.ana, NOON, NOON + timedelta(days=1), None, actor="x")

    assert signed_in(world.bo).post(f"/account/absence/{row.pk}").status_code == 404
    assert signed_in(world.ana).get(f"/account/absence/{row.pk}")["Location"] == "/account/absence"
    row.refresh_from_db()
    assert row.ended_at is None


def test_the_api_begins_lists_and_ends_an_absence(world):
    ana = Api(token=world.tokens["ana"])
    body = {"ends_at": "2099-03-09T09:00:00Z", "delegate": "bo@acme.example"}

    made = ana.post(URL, body).json()

    assert made["warnings"] == []
    assert made["absence"] | {"absence_id": ""} == {
        "absence_id": "",
        "person": "ana@acme.example",
        "starts_at": "2099-03-02T12:00:00.000Z",
        "ends_at": "2099-03-09T09:00:00.000Z",
        "ended_at": None,
        "delegate": "bo@acme.example",
    }
    assert ana.get(URL).json()["absences"] == [made["absence"]]
    assert Api(token=world.tokens["bo"]).get(URL).json()["absences"] == []
    ended = ana.client.delete(f"{URL}/{made['absence']['absence_id']}", **ana.headers).json()
    assert ended["absence"]["ended_at"] == "2099-03-02T12:00:00.000Z"
    assert ana.get(URL).json()["absences"] == []


def test_the_api_warns_a_delegate_who_goes_away_too(world):
    start_absence(world.workspace, world.ana, NOON, NOON + timedelta(days=3), world.bo, actor="x")

    made = Api(token=world.tokens["bo"]).post(URL, {"ends_at": "2099-03-04T09:00:00Z"}).json()

    assert made["warnings"] == [
        "Ana Ruiz counts on you as delegate in that time; nobody is asked instead of them any more."
    ]


def test_the_api_refuses_in_words_and_shows_no_foreign_absence(world):
    bo = Api(token=world.tokens["bo"])
    row = start_absence(world.workspace, world.ana, NOON, NOON + timedelta(days=1), None, actor="x")
    there = neighbours()

    refused = bo.post(URL, {"ends_at": "2099-03-04T09:00:00Z", "delegate": there.zoe.email})
    absent = bo.post(URL, {"ends_at": "2099-03-04T09:00:00Z", "delegate": "ana@acme.example"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad_delegate")
    assert (absent.status_code, absent.json()["error"]["code"]) == (409, "delegate_absent")
    assert bo.client.delete(f"{URL}/{row.pk}", **bo.headers).status_code == 404
    assert bo.client.delete(f"{URL}/nonsense", **bo.headers).status_code == 404


def test_the_delegate_agrees_on_their_own_page_and_nobody_else_does(world):
    row = start_absence(world.workspace, world.ana, NOON, NOON + timedelta(days=1), world.bo, actor="x")
    bo = signed_in(world.bo)
    assert "Ana Ruiz has named you as delegate" in text_of(bo.get("/account/absence"))

    assert signed_in(world.ana).post(f"/account/absence/{row.pk}/accept").status_code == 404
    answer = bo.post(f"/account/absence/{row.pk}/accept", follow=True)

    assert "You stand in for Ana Ruiz" in text_of(answer)
    row.refresh_from_db()
    assert row.accepted_at == NOON
    row.ended_at = NOON
    row.save()
    assert "nobody by that absence" in text_of(bo.post(f"/account/absence/{row.pk}/accept", follow=True))
