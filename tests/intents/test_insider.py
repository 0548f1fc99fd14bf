"""Somebody owns the database but not the key: whatever they do to the record, `verify_history` names the first place.

What can be seen with an anchor only is shown to go unnoticed without one.
"""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from intents.models import CheckpointCursor, Event, Intent, WorkspaceChain, WorkspaceEntry
from intents.services.changes import hash_of_entry, record_change
from intents.services.record import hash_of
from tests.acts import agent_task, bundle, finish_work, fresh, gate_of, neighbours, say, signoff
from tests.changes import checkpoint
from tests.conftest import Api
from tests.factories import open_gate, send
from tests.guards import archiving, unguarded
from tests.insider import copy_of_everything, cut_chain, cut_off, drop_whole, restore, sql

pytestmark = pytest.mark.django_db(transaction=connection.vendor == "postgresql")  # checkpoints wait for those that run
HERE = "acme/production"


@pytest.fixture
def story(world) -> Intent:
    """An intent that was decided, another one beside it, and a checkpoint that names both."""
    scenario = bundle(agent_task("a"), signoff())
    made = Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()
    intent = Intent.objects.get(pk=made["intent_id"])
    finish_work(world, intent, n=1)
    say(gate_of(intent), world.ana)
    send(world)
    checkpoint(world.workspace)
    return fresh(intent)


@pytest.fixture
def anchor(tmp_path):
    """Takes an anchor of now; the options that compare with it."""

    def take() -> list[str]:
        call_command("anchor", "--out", str(tmp_path / "anchors"))
        return ["--anchor", str(tmp_path / "anchors")]

    return take


def checked(*options: str) -> str:
    """What the command says: the count, or the first wrong place."""
    out = StringIO()
    try:
        call_command("verify_history", *options, stdout=out)
    except CommandError as error:
        return str(error).removeprefix("The history does not fit: ")
    return out.getvalue().strip()


def fits(*options: str) -> bool:
    return checked(*options).startswith("The history fits: ")


def newest_checkpoint() -> WorkspaceEntry:
    return WorkspaceEntry.objects.filter(change="history.checkpointed").latest("seq")


def archive(intent: Intent) -> None:
    """The archive's deletion and its entry."""
    with archiving():
        head = [str(intent.pk), intent.last_seq, intent.last_hash]
        _delete(intent)
        record_change(intent.workspace_id, "history.archived", "operator", {"sha256": "0" * 64, "intents": [head]})


def _delete(intent: Intent) -> None:
    with unguarded():
        drop_whole(intent)


def test_all_of_it_fits_when_nobody_touched_it(story, anchor):
    intents, events, entries = Intent.objects.count(), Event.objects.count(), WorkspaceEntry.objects.count()

    assert checked(*anchor()) == (
        f"The history fits: {intents} intents, {events} events, {entries} entries, 1 anchors checked."
    )


def test_an_event_is_named_when_it_was_tampered_with(story):
    sql("UPDATE intents_event SET actor = 'person:bo' WHERE intent_id = %s AND seq = 4", story.pk)

    assert checked() == f"{HERE} intent {story.pk} event 4: its hash does not fit what it says."


def test_an_event_is_named_when_it_was_removed(story):
    doomed = Event.objects.get(intent=story, seq=3).pk
    for table in ("intents_outbox", "intents_eventtext"):
        sql(f"DELETE FROM {table} WHERE event_id = %s", doomed)
    sql("DELETE FROM intents_event WHERE id = %s", doomed)

    assert checked() == f"{HERE} intent {story.pk} event 3: it is missing."


def test_an_event_is_named_when_the_chain_was_recomputed_without_the_key(story, settings):
    genuine, settings.RECORD_KEY = settings.RECORD_KEY, b"a key that somebody made up for this"
    previous = ""
    for row in Event.objects.filter(intent=story).order_by("seq"):
        row.previous_hash = previous
        row.actor = "person:bo"
        previous = hash_of(row, str(story.workspace_id))
        sql(
            "UPDATE intents_event SET actor = %s, previous_hash = %s, hash = %s WHERE id = %s",
            row.actor, row.previous_hash, previous, row.pk,
        )  # fmt: skip
    sql("UPDATE intents_intent SET last_hash = %s WHERE id = %s", previous, story.pk)
    settings.RECORD_KEY = genuine

    assert checked() == f"{HERE} intent {story.pk} event 1: its hash does not fit what it says."


def test_an_intent_is_named_when_it_was_dropped_whole(story):
    entry = newest_checkpoint().seq
    drop_whole(story)

    gone = f"event {story.last_seq}: it is missing, though checkpoint {entry} names it."
    assert checked() == f"{HERE} intent {story.pk} {gone}"
    assert checked("--intent", str(story.pk)) == f"{HERE} intent {story.pk} {gone}"
    assert checked("--workspace", HERE) == f"{HERE} intent {story.pk} {gone}"


def test_an_event_is_named_when_the_end_was_cut_off_together_with_its_row(story):
    entry = newest_checkpoint().seq
    cut_off(story, 4)

    assert checked() == (
        f"{HERE} intent {story.pk} event {story.last_seq}: it is missing, though checkpoint {entry} names it."
    )


def test_an_event_is_named_when_a_genuine_one_of_another_course_stands_there(story):
    """The same key wrote both: the copy of yesterday went on in another way."""
    entry = newest_checkpoint().seq
    row = Event.objects.get(intent=story, seq=story.last_seq)
    row.actor = "person:bo"
    link = hash_of(row, str(story.workspace_id))
    sql("UPDATE intents_event SET actor = 'person:bo', hash = %s WHERE id = %s", link, row.pk)
    sql("UPDATE intents_intent SET last_hash = %s WHERE id = %s", link, story.pk)

    assert checked() == (
        f"{HERE} intent {story.pk} event {story.last_seq}: it is not the one that checkpoint {entry} names."
    )


def test_the_checkpoint_is_named_when_somebody_took_an_intent_out_of_it(story):
    entry = newest_checkpoint()
    body = entry.body.replace(str(story.pk), str(Intent.objects.exclude(pk=story.pk).get().pk))
    drop_whole(story)
    sql("UPDATE intents_workspaceentry SET body = %s WHERE id = %s", body, entry.pk)

    assert checked() == f"{HERE} entry {entry.seq}: its details were changed."


@pytest.mark.parametrize("field", ["change", "actor", "at", "body_digest", "hash"])
def test_an_entry_is_named_when_it_was_tampered_with(story, field):
    value = "2026-01-01 00:00:00+00:00" if field == "at" else "x"
    sql(
        f"UPDATE intents_workspaceentry SET {field} = %s WHERE workspace_id = %s AND seq = 2", value, story.workspace_id
    )

    assert checked() == f"{HERE} entry 2: its hash does not fit what it says."


@pytest.mark.parametrize("seq", [1, 3])
def test_an_entry_is_named_when_it_was_removed(story, seq):
    sql("DELETE FROM intents_workspaceentry WHERE workspace_id = %s AND seq = %s", story.workspace_id, seq)

    assert checked() == f"{HERE} entry {seq}: it is missing."


def test_an_entry_is_named_when_the_workspaces_chain_was_recomputed_without_the_key(story, settings):
    genuine, settings.RECORD_KEY = settings.RECORD_KEY, b"a key that somebody made up for this"
    previous = WorkspaceEntry.objects.get(workspace=story.workspace_id, seq=2).hash
    for row in WorkspaceEntry.objects.filter(workspace=story.workspace_id, seq__gt=2).order_by("seq"):
        row.previous_hash, row.actor = previous, "person:bo"
        previous = hash_of_entry(row)
        sql(
            "UPDATE intents_workspaceentry SET actor = 'person:bo', previous_hash = %s, hash = %s WHERE id = %s",
            row.previous_hash, previous, row.pk,
        )  # fmt: skip
    WorkspaceChain.objects.update(last_hash=previous)
    settings.RECORD_KEY = genuine

    assert checked() == f"{HERE} entry 3: its hash does not fit what it says."


def test_an_entry_is_named_when_the_end_is_gone_and_the_chains_row_is_not(story):
    end = WorkspaceChain.objects.get().last_seq
    sql("DELETE FROM intents_workspaceentry WHERE workspace_id = %s AND seq = %s", story.workspace_id, end)

    assert checked() == f"{HERE} entry {end}: it is missing, and so is all after it."


@pytest.mark.parametrize("seq", [1, 4])
def test_the_anchored_entry_is_named_when_the_workspaces_chain_was_cut_off(story, anchor, seq):
    end, options = WorkspaceChain.objects.get().last_seq, anchor()
    cut_chain(story.workspace, seq)

    assert fits()
    assert checked(*options) == f"{HERE} entry {end}: the anchor names it, and it is missing."


def test_the_anchored_entry_is_named_when_the_whole_chain_is_gone(story, anchor):
    end, options = WorkspaceChain.objects.get().last_seq, anchor()
    sql("DELETE FROM intents_workspaceentry")
    WorkspaceChain.objects.all().delete()
    CheckpointCursor.objects.all().delete()

    assert fits()
    assert checked(*options) == f"{HERE} entry {end}: the anchor names it, and it is missing."


def test_the_anchored_entry_is_named_when_yesterdays_database_was_restored(story, world, anchor):
    yesterday = copy_of_everything()
    say(open_gate(world), world.bo)
    checkpoint(world.workspace)
    end, options = WorkspaceChain.objects.get().last_seq, anchor()
    restore(yesterday)

    assert fits()
    assert checked(*options) == f"{HERE} entry {end}: the anchor names it, and it is missing."


def test_the_anchored_entry_is_named_when_yesterdays_database_went_on(story, world, anchor):
    yesterday = copy_of_everything()
    record_all(world, "person:ana")
    options = anchor()
    end = WorkspaceChain.objects.get().last_seq
    restore(yesterday)
    record_all(world, "person:bo")

    assert fits()
    assert checked(*options) == f"{HERE} entry {end}: it is not the one that the anchor names."


def record_all(world, actor: str) -> None:
    with archiving():
        record_change(world.workspace.pk, "team.changed", actor, {})


def test_the_very_first_event_is_named_when_the_key_is_another_one(story, settings):
    settings.RECORD_KEY = b"another key, by mistake, of enough length"

    first = Intent.objects.earliest("pk").pk
    assert checked() == f"{HERE} intent {first} event 1: its hash does not fit what it says."


def test_the_very_first_entry_is_named_when_the_key_is_another_one_and_there_are_no_intents(world, settings):
    settings.RECORD_KEY = b"another key, by mistake, of enough length"

    assert checked() == f"{HERE} entry 1: its hash does not fit what it says."


def test_the_checkpoint_is_named_when_it_does_not_begin_where_the_one_before_ended(story, world):
    send(world)
    CheckpointCursor.objects.update(through=Event.objects.latest("pk").pk - 1)
    checkpoint(world.workspace)

    assert checked() == (
        f"{HERE} entry {newest_checkpoint().seq}: the checkpoint leaves out events before those that it names."
    )
    assert fits("--intent", str(story.pk))


def test_all_of_it_fits_when_an_intent_was_archived(story):
    archive(story)

    assert fits()
    assert checked("--intent", str(story.pk)) == f"There is no intent {story.pk}."


def test_an_intent_is_named_when_more_was_known_of_it_than_was_archived(story):
    entry = newest_checkpoint().seq
    earlier = Event.objects.get(intent=story, seq=4)
    end, story.last_seq, story.last_hash = story.last_seq, earlier.seq, earlier.hash
    archive(story)

    assert checked() == f"{HERE} intent {story.pk} event {end}: it is missing, though checkpoint {entry} names it."


def test_an_archive_speaks_for_its_own_workspace_only(story):
    other = neighbours().workspace
    with archiving():
        head = [str(story.pk), story.last_seq, story.last_hash]
        record_change(other.pk, "history.archived", "operator", {"intents": [head]})
    drop_whole(story)

    assert not fits()
    assert fits("--workspace", "other/production")


def test_only_its_own_anchors_are_compared_when_a_workspace_is_chosen(story, anchor):
    neighbours()
    options = anchor()
    cut_chain(story.workspace, 2)

    assert fits("--workspace", "other/production", *options)
    assert not fits("--workspace", HERE, *options)


@pytest.mark.parametrize("text", ["{", "[]", '{"workspace": "a/b", "seq": 1}', '"x"'])
def test_the_line_is_named_when_the_anchors_cannot_be_read(story, tmp_path, text):
    file = tmp_path / "anchors"
    file.write_text(f"\n{text}\n")

    assert checked("--anchor", str(file)) == f"{file} cannot be read: line 2 is no anchor."
    assert "cannot be read" in checked("--anchor", str(tmp_path / "nowhere"))


def test_all_of_it_fits_when_intents_go_on_after_their_checkpoint(story, world, anchor):
    options = anchor()
    say(open_gate(world), world.cy)
    for _ in range(2):
        checkpoint(world.workspace)
        send(world)

    assert fits(*options)
