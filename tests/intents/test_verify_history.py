"""Whatever somebody does to the history without the key, the first place that does not fit is named."""

import uuid
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from intents import clock
from intents.models import Event, EventText, Intent, IntentTexts, Outbox, WorkspaceEntry
from intents.purged import PURGED
from intents.services import verify
from intents.services.changes import record_change
from intents.services.durable import durable
from intents.services.purge import purge
from intents.services.record import hash_of
from intents.services.verify import TEXT_LOST, Misfit, first_misfit
from notifications.models import Delivery
from tests.acts import agent_task, bundle, finish_work, forge, fresh, gate_of, neighbours, say, signoff
from tests.conftest import Api
from tests.factories import open_gate, send
from tests.guards import run, unguarded


@pytest.fixture
def story(world) -> Intent:
    scenario = bundle(agent_task("a"), signoff())
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])
    finish_work(world, intent, n=1)
    say(gate_of(intent), world.ana)
    assert first_misfit(fresh(intent)) is None
    return fresh(intent)


def checked(*options: str) -> str:
    out = StringIO()
    call_command("verify_history", *options, stdout=out)
    return out.getvalue().strip()


def fitting(intents: int, events: int, entries: int | None = None) -> str:
    count = WorkspaceEntry.objects.count() if entries is None else entries
    return f"The history fits: {intents} intents, {events} events, {count} entries checked."


def told(story: Intent) -> str:
    """What the command says of a history that does not fit, which is also what the function says."""
    with pytest.raises(CommandError) as error:
        checked()
    misfit = first_misfit(fresh(story))
    assert misfit is not None
    assert error.value.returncode == 1
    assert f"acme/production intent {misfit.intent_id} event {misfit.seq}: {misfit.why}." in str(error.value)
    assert misfit.intent_id == story.pk
    return f"{misfit.seq}: {misfit.why}"


def event(story: Intent, seq: int) -> Event:
    return Event.objects.get(intent=story, seq=seq)


def remove(rows) -> None:
    with unguarded():
        rows.delete()


def recompute(story: Intent, start: int) -> None:
    """Links the chain anew from there, as our own code does: only the key may be another one."""
    previous = event(story, start).previous_hash
    for row in Event.objects.filter(intent=story, seq__gte=start).order_by("seq"):
        row.previous_hash = previous
        previous = hash_of(row, str(story.workspace_id))
        forge(row, previous_hash=row.previous_hash, hash=previous)
    Intent.objects.filter(pk=story.pk).update(last_hash=previous)


def test_all_of_it_fits_when_nobody_touched_it(story, world):
    send(world)

    said = checked()

    assert said == fitting(2, Event.objects.count())


def test_all_of_it_fits_when_texts_were_purged(story):
    Outbox.objects.all().delete()
    Delivery.objects.all().delete()
    assert purge(story.pk, "operator:root")

    assert not EventText.objects.exists()
    assert checked() == fitting(1, story.last_seq)


@pytest.mark.parametrize("seq", [1, 4])
def test_an_event_is_named_when_its_details_are_gone_without_a_purge(story, seq):
    EventText.objects.get(event__intent=story, event__seq=seq).delete()

    assert told(story) == f"{seq}: {TEXT_LOST}"


def test_an_event_is_named_when_the_intent_says_purged_and_the_workspaces_chain_does_not(story):
    IntentTexts.objects.filter(intent=story).update(purged_at=clock.now())
    EventText.objects.filter(event__intent=story).delete()

    assert told(story) == f"1: {TEXT_LOST}"


def test_an_event_is_named_when_the_purge_on_record_was_of_another_intent(world, story):
    other = open_gate(world).intent
    IntentTexts.objects.filter(intent=story).update(purged_at=clock.now())
    EventText.objects.filter(event__intent=story).delete()
    with durable():
        record_change(world.workspace.pk, PURGED, "operator:root", {"intent": str(other.pk)})

    assert told(story) == f"1: {TEXT_LOST}"


@pytest.mark.parametrize("field", ["actor", "event_type", "status", "waiting_reason", "details_digest", "hash"])
def test_an_event_is_named_when_it_was_changed(story, field):
    forge(event(story, 4), **{field: "x"})

    assert told(story) == "4: its hash does not fit what it says"


def test_an_event_is_named_when_its_details_were_changed(story):
    forge(event(story, 3), text='{"details":{},"pending_with":null}')

    assert told(story) == "3: its details were changed"


@pytest.mark.parametrize("seq", [1, 4])
def test_an_event_is_named_when_it_was_removed(story, seq):
    remove(Event.objects.filter(intent=story, seq=seq))

    assert told(story) == f"{seq}: it is missing"


def test_the_first_one_is_named_when_two_events_changed_places(story):
    third, fourth = event(story, 3), event(story, 4)
    forge(third, seq=1000)
    forge(fourth, seq=3)
    forge(third, seq=4)

    assert told(story) == "3: its hash does not fit what it says"


def test_the_forged_event_is_named_when_the_rest_was_recomputed_without_the_key(story, settings):
    genuine, settings.RECORD_KEY = settings.RECORD_KEY, b"a key that somebody made up for this"
    forge(event(story, 4), actor="person:somebody-else")
    recompute(story, start=4)
    settings.RECORD_KEY = genuine

    assert told(story) == "4: its hash does not fit what it says"


def test_the_seam_is_named_when_a_genuine_event_of_another_course_was_put_in(story):
    other = event(story, 4)
    other.actor = "person:of-a-restored-backup"
    forge(other, actor=other.actor, hash=hash_of(other, str(story.workspace_id)))

    assert told(story) == "5: it does not continue the one before it"


def test_the_first_missing_event_is_named_when_the_end_was_cut_off(story):
    remove(Event.objects.filter(intent=story, seq__gt=4))

    assert told(story) == "5: it is missing, and so is all after it"


@pytest.mark.parametrize("row", [{}, {"last_seq": 0, "last_hash": ""}], ids=["row as it was", "row emptied too"])
def test_the_first_event_is_named_when_all_of_them_are_gone(story, row):
    remove(Event.objects.filter(intent=story))
    Intent.objects.filter(pk=story.pk).update(**row, updated_at=story.updated_at)

    assert told(story) == "1: it is missing, and so is all after it"


def test_the_event_behind_is_named_when_the_intent_names_an_earlier_end(story):
    Intent.objects.filter(pk=story.pk).update(last_seq=3, last_hash=event(story, 3).hash)

    assert told(story) == "4: it comes after the end that is noted for its chain"


def test_the_last_event_is_named_when_the_intent_names_another_hash(story):
    Intent.objects.filter(pk=story.pk).update(last_hash="0" * 64)

    assert told(story) == f"{story.last_seq}: it is not the end that is noted for its chain"


def test_an_event_is_named_when_it_was_put_before_the_first(story):
    first = event(story, 1)
    first.pk, first.seq = None, 0
    first.save(force_insert=True)

    assert told(story) == "0: it stands before the first one"


def test_the_first_event_is_named_when_the_intent_was_moved_to_another_workspace(story):
    elsewhere = neighbours().workspace
    with unguarded():
        Intent.objects.filter(pk=story.pk).update(workspace=elsewhere)

    assert first_misfit(fresh(story)) == Misfit(story.pk, 1, verify.FORGED)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL holds only what fits a column")
@pytest.mark.parametrize(
    "column", ["intents_event SET at = 'x' WHERE id", "intents_eventtext SET body = x'80' WHERE event_id"]
)
def test_an_event_is_named_when_it_cannot_even_be_read(story, column):
    with unguarded():
        run(f"UPDATE {column} = {event(story, 4).pk}")

    assert told(story) == "4: it cannot be read"


def test_the_oldest_intent_is_named_when_several_do_not_fit(story, world):
    younger = send(world)
    forge(event(younger, 1), actor="x")
    forge(event(story, 2), actor="x")

    assert told(story).startswith("2: ")


def test_only_the_chosen_ones_are_checked_when_chosen(story, world):
    other = open_gate(world).intent
    forge(event(story, 1), actor="x")
    neighbours()

    assert checked("--intent", str(other.pk)).startswith("The history fits: 1 intents, ")
    assert checked("--workspace", "other/production") == fitting(0, 0, entries=2)
    for options in (["--workspace", "acme/production"], ["--intent", str(story.pk)]):
        with pytest.raises(CommandError, match="does not fit"):
            checked(*options)


@pytest.mark.parametrize(
    "options", [["--workspace", "acme/nowhere"], ["--intent", str(uuid.uuid4())], ["--intent", "x"]]
)
def test_it_is_an_error_when_there_is_nothing_of_that_name(story, options):
    with pytest.raises(CommandError):
        checked(*options)


def test_all_is_read_in_small_pieces_when_there_is_much(story, world, monkeypatch):
    intents = [story, *(send(world) for _ in range(4))]
    monkeypatch.setattr(verify, "PAGE", 2)
    monkeypatch.setattr("config.management.commands.verify_history.PAGE", 2)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        said = checked()

    assert said.startswith(f"The history fits: {len(intents)} intents, ")
    reads = [query["sql"] for query in queries if "SELECT" in query["sql"]]
    assert [sql for sql in reads if "LIMIT" not in sql] == []


def test_it_still_fits_when_the_intent_goes_on_while_it_is_read(world):
    gate = open_gate(world)
    others = iter([lambda: say(gate, world.ana)])

    def meanwhile(execute, sql, params, many, context):
        if 'FROM "intents_event"' in sql:  # the intent's row is read, its events are not
            next(others, lambda: None)()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        said = checked()

    assert next(others, None) is None
    assert said == fitting(1, Event.objects.count())


def test_a_stale_intent_is_no_matter_when_events_came_since(world):
    gate = open_gate(world)
    stale = fresh(gate.intent)
    say(gate, world.ana)

    assert stale.last_seq < fresh(stale).last_seq
    assert first_misfit(stale) is None
    assert Event.objects.filter(intent=stale, seq=F("intent__last_seq")).exists()
