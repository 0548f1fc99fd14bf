"""More of what the database's owner can do without the key: rows beside the events, marks, and what cannot be read."""

# ruff: noqa: F811 - a fixture of another module

import pytest
from django.core.management.base import CommandError
from django.db import connection

from approvals.models import Decision, DecisionText
from config.management.commands.verify_history import oldest_first
from intents.ids import new_id
from intents.models import CheckpointCursor, Event, Intent, IntentTexts, WorkspaceChain
from intents.services.anchors import keep_anchors
from tests.acts import fresh, say
from tests.changes import checkpoint
from tests.factories import gate_rule, make_policy, open_gate, send
from tests.guards import run
from tests.insider import plain, sql
from tests.intents.test_insider import HERE, checked, newest_checkpoint, story  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=connection.vendor == "postgresql")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL holds only what fits a column")


def told(story: Intent, seq: int, why: str) -> bool:
    return checked() == f"{HERE} intent {story.pk} event {seq}: {why}."


def test_a_purge_is_named_when_only_its_mark_was_set(story):
    IntentTexts.objects.filter(pk=story.pk).update(purged_at="2026-01-01T00:00:00Z", payload="{}")

    marked = "the intent's texts are marked as purged, and no purge in the workspace's chain accounts for that"
    assert told(story, 1, marked)


@pytest.mark.parametrize(
    ("texts", "seq", "why"),
    [
        ({"payload": '{"amount":1}'}, 1, "the intent's payload is not the one whose digest it holds"),
        ({"payload_digest": "sha256:" + "0" * 64}, 1, "the intent's payload is not the one whose digest it holds"),
        ({"result": '{"approved":true}'}, 8, "the intent's result is not the one that it tells"),
    ],
)
def test_an_event_is_named_when_what_everybody_reads_contradicts_it(story, texts, seq, why):
    IntentTexts.objects.filter(pk=story.pk).update(**texts)

    assert told(story, seq, why)


def test_the_last_event_is_named_when_the_row_has_another_outcome(story):
    Intent.objects.filter(pk=story.pk).update(status="FAILED")

    assert told(story, 8, "the intent's row has another status")


def test_an_intent_is_named_when_its_row_alone_is_gone(story):
    entry = newest_checkpoint().seq
    away, back = {
        "sqlite": ("PRAGMA defer_foreign_keys = ON", "PRAGMA defer_foreign_keys = ON"),
        "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT"),
    }[connection.vendor]
    run(away, f"DELETE FROM intents_intent WHERE id = '{plain(story.pk)}'")

    said = checked()

    Intent.objects.bulk_create([story])
    run(back)
    assert said == f"{HERE} intent {story.pk} event 8: it is missing, though checkpoint {entry} names it."


def test_the_mark_is_named_when_somebody_put_it_ahead_so_that_no_checkpoint_is_written(story, world):
    reached = CheckpointCursor.objects.get().through
    CheckpointCursor.objects.update(through=10**15)
    send(world)
    checkpoint(world.workspace)

    assert checked().startswith(f"events after {reached}: the mark from which checkpoints go on is further")


def test_anchors_are_kept_when_somebody_put_their_mark_ahead(story, settings, tmp_path):
    settings.ANCHOR_FILE = str(tmp_path / "anchors")
    WorkspaceChain.objects.update(anchored_seq=10**9)

    assert keep_anchors() == 1
    assert keep_anchors() == 0


def test_the_end_is_named_when_it_counts_a_vote_that_was_put_into_the_rows(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2)])
    gate = open_gate(world)
    say(gate, world.ana)
    vote = Decision.objects.get(gate=gate)
    forged = Decision(**{field.attname: getattr(vote, field.attname) for field in Decision._meta.fields})
    forged.pk, forged.person = new_id(), world.bo
    Decision.objects.bulk_create([forged])
    DecisionText.objects.create(decision=forged)
    say(gate, world.ana)
    ended = fresh(gate.intent)

    assert ended.status == "COMPLETED"
    assert told(ended, ended.last_seq, "it counts an answer that was never recorded")


@on_sqlite
@pytest.mark.parametrize(
    "change",
    [
        "intents_event SET actor = CAST(x'ff' AS TEXT) WHERE id",
        "intents_eventtext SET body = CAST(x'ff' AS TEXT) WHERE event_id",
    ],
)
def test_an_event_is_named_when_its_text_is_no_text(story, change):
    sql(f"UPDATE {change} = {Event.objects.get(intent=story, seq=4).pk}")

    assert told(story, 4, "it cannot be read")
    sql(f"UPDATE {change} = 0".replace("x'ff'", "'a'").replace("= 0", "> 0"))  # the test's own end reads the rows


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such moment")
def test_an_event_is_named_when_its_moment_is_beyond_all_moments(story):
    sql("UPDATE intents_event SET at = 'infinity' WHERE id = %s", Event.objects.get(intent=story, seq=4).pk)

    assert told(story, 4, "it cannot be read")


@on_sqlite
def test_an_intent_is_named_when_its_end_is_no_number(story):
    sql("UPDATE intents_intent SET last_seq = 'x' WHERE id = %s", story.pk)

    assert told(story, 9, "it cannot be read")


@on_sqlite
def test_verifying_ends_when_an_id_is_written_in_another_way(story):
    run("PRAGMA defer_foreign_keys = ON")
    run(f"UPDATE intents_intent SET id = '{{' || id || '}}' WHERE id = '{plain(story.pk)}'")

    with pytest.raises(CommandError, match=f"the row {story.pk}: it cannot be read"):
        list(oldest_first(Intent.objects.all()))

    run(f"UPDATE intents_intent SET id = '{plain(story.pk)}' WHERE id LIKE '{{%'")
