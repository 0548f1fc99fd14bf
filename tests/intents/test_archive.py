"""Archived intents are in a file that fits, and nowhere else; everything else stays as it was."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from intents.family import family
from intents.models import Event, Intent, Outbox, WorkspaceEntry
from intents.services import verify
from intents.services.archive import Moved, archive
from intents.services.checkpoints import write_checkpoint
from intents.services.verify import chain_fits
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from tests.acts import agent_task, bundle, finish_work, fresh, gate_of, neighbours, say, signoff
from tests.conftest import Api
from tests.factories import open_gate
from tests.guards import unguarded
from tests.live import ROOT


@pytest.fixture(autouse=True)
def _mail_is_kept(settings):
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"


def lived(world, days: int = 40) -> Intent:
    """An intent with work, a gate, a decision and mails, that ended so many days ago."""
    with time_machine.travel(datetime.now(UTC) - timedelta(days=days), tick=False):
        made = Api(world.sender_secret).post("/v1/scenarios/apply", bundle(agent_task("work"), signoff()))
        intent = Intent.objects.get(pk=made.json()["intent_id"])
        finish_work(world, intent, n=1)
        tell()
        say(gate_of(intent), world.ana, comment="fine")
        tell()
    return fresh(intent)


def tell() -> None:
    announce_due()
    deliver_due()


def archived(folder: Path, *options: str) -> str:
    out = StringIO()
    words = ("--workspace", "acme/production", "--older-than", "30", "--out", str(folder), *options)
    call_command("archive", *words, stdout=out)
    return out.getvalue().strip()


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def checked(path: Path) -> str:
    out = StringIO()
    call_command("verify_archive", str(path), stdout=out)
    return out.getvalue().strip()


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def mentions(intent: Intent) -> set[str]:
    """The tables in which its id still stands."""
    return {
        model.__name__
        for model in apps.get_models(include_auto_created=True)
        for row in model._default_manager.values()
        if str(intent.pk) in json.dumps(row, default=str)
    }


def sizes() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_models(include_auto_created=True)}


def test_an_intent_is_in_the_file_and_nowhere_else_when_it_was_archived(world, tmp_path):
    before, intent = sizes(), lived(world)
    events = intent.last_seq

    said = archived(tmp_path)

    [path] = files(tmp_path)
    assert said == f"{path}\n1 intents were archived."
    assert checked(path) == f"The archive fits: 1 intents, {events} events checked."
    assert mentions(intent) == {"WorkspaceEntry"}
    after = sizes()
    grown = {name for name in after if after[name] != before[name]}
    assert grown <= {"Terms", "KeptMail", "ChannelAccount", "WorkspaceEntry", "WorkspaceChain"}
    assert path.stat().st_mode & 0o077 == 0


def test_the_file_holds_the_whole_intent_when_it_was_archived(world, tmp_path):
    intent = lived(world)
    rows = {table.name: table.rows([intent.pk]).count() for table in family()}

    archived(tmp_path)

    head, whole = lines_of(files(tmp_path)[0])
    assert head["workspace"] == "acme/production"
    tables = whole["tables"]
    assert {name: len(found) for name, found in tables.items()} == {name: n for name, n in rows.items() if n}
    assert {"intents_stepresult", "approvals_decisiontext", "approvals_seat", "notifications_delivery"} <= set(tables)
    assert tables["approvals_decisiontext"][0]["comment"] == "fine"


def test_the_workspaces_chain_names_file_digest_and_heads_when_intents_were_archived(world, tmp_path):
    first, second = lived(world), lived(world)

    archived(tmp_path)

    entry = WorkspaceEntry.objects.get(change="history.archived")
    heads = [[str(each.pk), each.last_seq, each.last_hash] for each in (first, second)]
    [path] = files(tmp_path)
    digest = sha256(path.read_bytes()).hexdigest()
    assert json.loads(entry.body) == {"file": path.name, "sha256": digest, "intents": heads}
    call_command("verify_history", stdout=StringIO())


def test_the_history_still_fits_when_checkpoints_name_what_was_archived(world, tmp_path):
    lived(world)
    said = lived(world, days=20)
    write_checkpoint()
    archived(tmp_path)
    write_checkpoint()

    out = StringIO()
    call_command("verify_history", stdout=out)

    assert out.getvalue().startswith(f"The history fits: 1 intents, {said.last_seq} events")


def test_everything_else_stays_when_intents_are_archived(world, tmp_path):
    young, still_open = lived(world, days=20), open_gate(world).intent
    lived(world)
    foreign = neighbours()
    kept = list(Event.objects.filter(intent__in=[young, still_open]).values_list())

    archived(tmp_path)

    assert list(Event.objects.filter(intent__in=[young, still_open]).values_list()) == kept
    assert chain_fits(fresh(young))
    assert chain_fits(fresh(still_open))
    assert foreign.workspace.keys.count() == 1


def test_an_archived_id_is_as_unknown_as_any_other_when_somebody_asks(world, tmp_path):
    intent, api = lived(world), Api(world.sender_secret)
    never = api.get("/v1/intents/01900000-0000-7000-8000-000000000000")
    archived(tmp_path)

    for path in ("", "/events"):
        answer = api.get(f"/v1/intents/{intent.pk}{path}")
        assert (answer.status_code, answer.json()) == (404, never.json())


def test_nothing_is_touched_when_it_is_only_asked_how_many(world, tmp_path):
    lived(world)
    before = sizes()

    assert archived(tmp_path, "--dry-run") == "1 intents would be archived."
    assert files(tmp_path) == []
    assert sizes() == before


def test_there_is_nothing_to_do_when_it_was_done(world, tmp_path):
    lived(world)
    archived(tmp_path)

    assert archived(tmp_path) == "0 intents were archived."
    assert len(files(tmp_path)) == 1


def test_several_files_are_written_when_there_are_many(world, tmp_path):
    intents = [lived(world) for _ in range(5)]

    archived(tmp_path, "--at-once", "2")

    assert sorted(len(lines_of(path)) - 1 for path in files(tmp_path)) == [1, 2, 2]
    assert all(checked(path) for path in files(tmp_path))
    assert not Intent.objects.filter(pk__in=[each.pk for each in intents]).exists()


def test_an_intent_stays_while_somebody_is_to_be_told_of_it(world, tmp_path):
    intent = lived(world)
    event = intent.events.latest("seq")
    Outbox.objects.create(event=event, intent=intent, not_before=event.at)

    assert archived(tmp_path) == "0 intents were archived."
    with pytest.raises(Moved):
        archive(world.workspace, [intent.pk], tmp_path, "operator")

    assert files(tmp_path) == []
    assert chain_fits(fresh(intent))


def test_another_workspaces_intent_stays_when_it_is_named(world, tmp_path):
    intent = lived(world)

    with pytest.raises(Moved):
        archive(neighbours().workspace, [intent.pk], tmp_path, "operator")

    assert chain_fits(fresh(intent))


def test_purged_intents_can_be_archived_when_their_texts_are_gone(world, tmp_path):
    intent = lived(world)
    call_command("purge", "--workspace", "acme/production", "--intent", str(intent.pk), stdout=StringIO())

    archived(tmp_path)

    assert checked(files(tmp_path)[0]).startswith("The archive fits: 1 intents")


@pytest.mark.parametrize(
    "options", [["--at-once", "1001"], ["--at-once", "0"], ["--older-than", "2"], ["--out", "/nowhere"]]
)
def test_it_is_an_error_when_the_choice_is_wrong(world, tmp_path, options):
    with pytest.raises(CommandError):
        archived(tmp_path, *options)


def test_every_table_that_refers_to_an_intent_goes_with_it_whatever_app_it_is_of():
    tables = [table.name for table in family()]

    known = {"intents_intent", "intents_event", "approvals_gate", "approvals_decision", "notifications_delivery"}
    assert known <= set(tables)
    assert tables[0] == "intents_intent"
    for table in family():
        for key in table.model._meta.concrete_fields:
            if key.is_relation and key.related_model._meta.db_table in tables:
                assert tables.index(key.related_model._meta.db_table) <= tables.index(table.name)


def test_only_the_archive_tells_the_triggers_that_it_archives():
    told = {
        str(path.relative_to(ROOT))
        for app in ("intents", "approvals", "notifications", "config")
        for path in (ROOT / app).rglob("*.py")
        if "countersign.archiving" in (text := path.read_text()) or "intents_archiving" in text
    }

    kept_alike = "intents/migrations/0008_receipts.py"  # asks, as 0002 does
    assert told == {"intents/services/archive.py", "intents/migrations/0002_history_is_kept.py", kept_alike}


# --- verify_archive ---------------------------------------------------------------------------------------------------


@pytest.fixture
def file(world, tmp_path) -> Path:
    lived(world)
    lived(world)
    archived(tmp_path)
    return files(tmp_path)[0]


def misfit(path: Path) -> str:
    with pytest.raises(CommandError) as error:
        checked(path)
    assert error.value.returncode == 1
    return str(error.value).removeprefix(f"The archive does not fit: {path.name} ")


def rewrite(path: Path, change) -> list[dict]:
    """The file with its lines changed; what `change` was given."""
    lines = lines_of(path)
    change(lines)
    with gzip.open(path, "wb") as packed:
        packed.writelines(json.dumps(line).encode() + b"\n" for line in lines)
    return lines


def event_of(line: dict, seq: int) -> dict:
    return next(row for row in line["tables"]["intents_event"] if row["seq"] == seq)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda line: event_of(line, 3).update(actor="person:bo"), "event 3: its hash does not fit what it says"),
        (lambda line: line["tables"]["intents_event"].remove(event_of(line, 2)), "event 2: it is missing"),
        (lambda line: line["tables"]["intents_event"].pop(), verify.OTHER_END),
        (lambda line: line["tables"]["intents_eventtext"][2].update(body="{}"), "event 3: its details were changed"),
    ],
    ids=["changed", "removed", "cut off", "reworded"],
)
def test_line_intent_and_event_are_named_when_an_event_does_not_fit(file, change, why):
    lines = rewrite(file, lambda lines: change(lines[2]))

    said = misfit(file)

    assert said.startswith(f"line 3 intent {lines[2]['intent']} event ")
    assert why in said


def test_the_first_event_is_named_when_it_was_recomputed_without_the_key(file, settings):
    settings.RECORD_KEY = b"another key that somebody made up"

    assert "event 1: its hash does not fit what it says" in misfit(file)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: lines.pop(), "the file: it is not the file whose SHA-256 was recorded."),
        (lambda lines: lines.reverse(), "line 1: it cannot be read."),
        (lambda lines: lines[1].pop("tables"), "line 2: it cannot be read."),
        (lambda lines: lines[0].update(format="tar"), "line 1: it cannot be read."),
    ],
    ids=["intent dropped", "order", "no tables", "another format"],
)
def test_the_file_or_the_line_is_named_when_the_file_was_changed(file, change, why):
    rewrite(file, change)

    assert misfit(file) == why


def test_the_line_is_named_when_the_file_ends_early(file):
    file.write_bytes(file.read_bytes()[:-40])

    assert misfit(file).endswith("it cannot be read.")


def test_a_file_is_not_genuine_when_no_entry_names_it(world, file, tmp_path):
    other = tmp_path / "other.jsonl.gz"
    rewrite(file.rename(other), lambda lines: None)

    assert misfit(other).startswith("the file: no entry of its workspace's chain names it")


def test_the_entry_is_named_when_it_was_changed_itself(file):
    entry = WorkspaceEntry.objects.get(change="history.archived")
    with unguarded():
        WorkspaceEntry.objects.filter(pk=entry.pk).update(actor="person:bo")

    assert misfit(file) == "the file: the entry that names it does not fit its own hash."
