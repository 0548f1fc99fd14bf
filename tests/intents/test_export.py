"""The history as a file: whole, in one order, in small reads, and recorded."""

import csv
import gc
import io
import json
import sqlite3
from datetime import datetime, timedelta
from hashlib import sha256
from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from intents import clock
from intents.ids import new_id
from intents.lifecycle import Status
from intents.models import Event, EventText, Intent, IntentTexts, Workspace, WorkspaceEntry
from intents.services import export as exporting
from intents.services import record
from intents.wire.export import COLUMNS, csv_line, guarded
from tests.acts import START, fast_forward, fresh, frozen_clock, neighbours, say
from tests.conftest import Api
from tests.factories import make_key, make_token, open_gate, send
from tests.live import database_url


def exported(*options: str, out: str = "-") -> str:
    text = StringIO()
    words = ("--workspace", "acme/production", "--out", out, *options)
    call_command("export_history", *words, stdout=text, stderr=StringIO())
    return text.getvalue()


def lines(*options: str) -> list[dict]:
    return [json.loads(line) for line in exported(*options).splitlines()]


def entries() -> list[WorkspaceEntry]:
    return list(WorkspaceEntry.objects.filter(change="history.exported").order_by("seq"))


@pytest.fixture
def story(world) -> Intent:
    """A gate, a decision, and two more intents beside it, one of them a neighbour's."""
    gate = open_gate(world)
    say(gate, world.ana, comment="=1+1")
    send(world)
    there = neighbours()
    send(there, principal=there.principal)
    return fresh(gate.intent)


def test_every_event_of_the_workspace_is_there_once_and_in_order(world, story):
    rows = lines()

    events = Event.objects.filter(intent__workspace=world.workspace).order_by("intent_id", "seq")
    assert [(row["intent_id"], row["seq"], row["hash"]) for row in rows] == [
        (str(event.intent_id), event.seq, event.hash) for event in events
    ]
    assert rows[0]["workspace"] == "acme/production"
    assert {row["intent_type"] for row in rows} == {"intent.infra.change.v1"}
    assert rows[story.last_seq - 1]["details"]["approved"] is True


def test_a_line_is_enough_to_compute_its_hash_again_with_the_key(world, story):
    for row in lines():
        names = ("intent_id", "seq", "event_type", "status", "actor", "details_digest", "previous_hash")
        rest = {"at": datetime.fromisoformat(row["at"]), "waiting_reason": row["waiting_reason"] or ""}
        event = Event(**{name: row[name] for name in names}, **rest)
        assert record.hash_of(event, str(world.workspace.pk)) == row["hash"]


def test_csv_holds_the_same_and_no_cell_is_a_formula(world, story):
    text = exported("--format", "csv")

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["intent_id"], int(row["seq"]), row["hash"]) for row in rows] == [
        (row["intent_id"], row["seq"], row["hash"]) for row in lines()
    ]
    assert json.loads(rows[story.last_seq - 1]["details"])["comment"] == "=1+1"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_guarded_when_a_spreadsheet_would_compute_it(start):
    cell = f"{start}cmd|' /C calc'!A0"

    assert guarded(cell) == f"'{cell}"
    assert guarded(f"x{start}") == f"x{start}"


def test_a_cell_is_guarded_in_the_file_when_an_actor_begins_like_a_formula():
    row = dict.fromkeys(COLUMNS) | {"actor": "@SUM(1+1)", "details": {}}

    line = csv_line(row)

    assert '"\'@SUM(1+1)"' in line


def test_purged_texts_are_shown_as_purged(world, story):
    with frozen_clock():
        EventText.objects.filter(event__intent=story).delete()
        IntentTexts.objects.filter(pk=story.pk).update(purged_at=clock.now())

    rows = [row for row in lines() if row["intent_id"] == str(story.pk)]

    assert {row["purged"] for row in rows} == {True}
    assert rows[0]["details"] == {"purged": "purged on 2026-03-02"}


def test_only_what_happened_in_the_time_is_there_when_one_is_given(world):
    with frozen_clock() as traveller:
        gate = open_gate(world)
        fast_forward(traveller, 600)
        say(gate, world.ana)
        fast_forward(traveller, 600)
        send(world)
    minute = timedelta(minutes=1)

    since, until = (START + 9 * minute).isoformat(), (START + 11 * minute).isoformat()
    rows = lines("--since", since, "--until", until)

    assert [row["event_type"] for row in rows] == [
        "intent.decision_recorded", "intent.gate_closed", "intent.completed"
    ]  # fmt: skip
    assert len(lines("--since", until)) == Event.objects.filter(at__gte=START + 11 * minute).count()


def test_the_file_is_whole_private_and_recorded_with_its_digest(world, story, tmp_path):
    out = tmp_path / "history.jsonl"

    exported("--until", "2100-01-01T00:00:00Z", out=str(out))

    [entry] = entries()
    said = json.loads(entry.body)
    assert entry.actor.startswith("operator")
    assert said == {
        "format": "jsonl", "since": None, "until": "2100-01-01T00:00:00.000Z", "file": "history.jsonl",
        "count": len(out.read_text().splitlines()), "sha256": sha256(out.read_bytes()).hexdigest(),
    }  # fmt: skip
    assert out.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [out]


def test_nothing_is_overwritten_when_there_is_such_a_file(world, tmp_path):
    out = tmp_path / "history.jsonl"
    out.write_text("precious")

    with pytest.raises(CommandError, match="such a file"):
        exported(out=str(out))

    assert out.read_text() == "precious"
    assert entries() == []


@pytest.mark.parametrize("options", [["--since", "yesterday"], ["--format", "xml"], ["--until", "2026-03-02T12:00:00"]])
def test_it_is_an_error_when_the_choice_is_wrong(world, options):
    with pytest.raises(CommandError):
        exported(*options)


# --- over the wire ----------------------------------------------------------------------------------------------------


def pages(api: Api, query: str = "") -> list[dict]:
    found: list[dict] = []
    cursor = ""
    while not found or found[-1]["next"]:
        page = api.get(f"/v1/history/export?limit=3{query}{cursor}")
        assert page.status_code == 200, page.content
        found.append(page.json())
        cursor = f"&cursor={found[-1]['next']}"
    return found


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_all_pages_together_are_the_file(world, story, api, form):
    whole = exported("--format", form)

    found = pages(api, f"&format={form}")

    assert "".join(page["text"] for page in found) == whole
    assert [page["count"] for page in found[:-1]] == [3] * (len(found) - 1)
    assert all(page["ok"] for page in found)


def test_each_page_is_recorded_with_who_had_it(world, story, api):
    found = pages(api)

    said = [json.loads(entry.body) for entry in entries()]
    assert [(each["count"], each["sha256"]) for each in said] == [(page["count"], page["sha256"]) for page in found]
    assert [each["cursor"] for each in said] == [None, *(page["next"] for page in found[:-1])]
    assert {entry.actor for entry in entries()} == {"key:sender"}
    assert found[0]["sha256"] == sha256(found[0]["text"].encode()).hexdigest()


def test_a_page_ends_early_when_the_texts_are_large(world, story, api, monkeypatch):
    monkeypatch.setattr(exporting, "LARGEST_TEXT", 1)

    assert {page["count"] for page in pages(api)} == {1}


def test_admins_may_and_nobody_else(world, story):
    world.ana.memberships.update(is_admin=True)
    sender = make_key(world.workspace, "plain", ("send",))[1]
    allowed = [Api(token=make_token(world.ana, world.workspace, can_decide=False)), Api(world.sender_secret)]
    refused = [Api(sender), Api(world.work_secret), Api(token=world.tokens["bo"]), Api(sender, world.tokens["bo"])]

    assert [api.get("/v1/history/export").status_code for api in allowed] == [200, 200]
    assert [api.get("/v1/history/export").status_code for api in refused] == [403] * 4
    assert len(entries()) == 2


def test_only_the_callers_workspace_is_exported(world, story):
    there = make_key(Workspace.objects.get(org="other"), "exporter", ("provision",))[1]

    rows = [json.loads(line) for line in Api(there).get("/v1/history/export").json()["text"].splitlines()]

    assert {row["workspace"] for row in rows} == {"other/production"}


@pytest.mark.parametrize(
    "query",
    ["format=xml", "since=yesterday", "until=2026-13-01T00:00:00Z", "cursor=x", "cursor=x:1", "limit=0", "limit=1001"],
)
def test_a_wrong_question_is_refused_and_nothing_recorded(world, api, query):
    assert api.get(f"/v1/history/export?{query}").status_code in {400, 422}
    assert entries() == []


# --- much of it -------------------------------------------------------------------------------------------------------

MANY = 100_000
EACH = 100


@pytest.fixture
def many(transactional_db, world) -> int:
    """100,000 genuine events of 1,000 intents."""
    now, texts = clock.now(), []
    for _ in range(MANY // EACH):
        intent = Intent(
            id=new_id(), workspace=world.workspace, sender=world.sender, intent_type="intent.infra.change.v1",
            to_agent="agent://acme/production/human", status=Status.COMPLETED, created_at=now, updated_at=now,
            deadline_at=now, ended_at=now, last_at=now,
        )  # fmt: skip
        made = [record.new_event(intent, "intent.reminder", "server", now, {"number": n}) for n in range(EACH)]
        intent.save(force_insert=True)
        rows = Event.objects.bulk_create([event.row for event in made])
        texts += [EventText(event=row, body=event.body) for row, event in zip(rows, made, strict=True)]
    EventText.objects.bulk_create(texts, batch_size=5000)
    return MANY


class Witness:
    """Looks on at every statement of an export, from inside and from another connection."""

    def __init__(self) -> None:
        self.statements = self.written = self.most_events = 0

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith(('SELECT "intents_event"', 'SELECT "intents_intent"')):
            self.statements += 1
            assert not self.in_transaction()
            if self.statements % 100 == 0:
                self.look()
        return execute(sql, params, many, context)

    def in_transaction(self) -> bool:
        if connection.vendor == "sqlite":
            return bool(connection.connection.in_transaction)
        return bool(connection.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE)

    def look(self) -> None:
        """Somebody else writes without waiting, and sees no transaction of the export; two pages are all there is."""
        gc.collect()  # event and text refer to each other; `isinstance` would wake the lazy objects of other tests
        self.most_events = max(self.most_events, sum(type(each) is Event for each in gc.get_objects()))
        if connection.vendor == "sqlite":
            self.write_at_once()
        else:
            self.ask_postgresql()
        self.written += 1

    def write_at_once(self) -> None:
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE intents_workspace SET name = name")
        other.execute("COMMIT")
        other.close()

    def ask_postgresql(self) -> None:
        with psycopg.connect(database_url(), autocommit=True) as other:
            asked = other.execute(
                "SELECT xact_start, state FROM pg_stat_activity WHERE pid = %s",
                [connection.connection.info.backend_pid],
            )
            assert asked.fetchone() == (None, "idle")
            other.execute("UPDATE intents_workspace SET name = name")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_export_of_100_000_events_streams_in_short_transactions_and_is_itself_recorded(many, tmp_path):
    out, witness = tmp_path / "history.jsonl", Witness()
    gc.collect()

    with connection.execute_wrapper(witness):
        exported(out=str(out))

    with out.open() as file:
        assert sum(1 for _ in file) == many
    assert witness.written >= many // exporting.PAGE // 100
    assert witness.most_events <= 2 * exporting.PAGE
    said = json.loads(entries()[0].body)
    assert (said["count"], said["sha256"]) == (many, sha256(out.read_bytes()).hexdigest())
