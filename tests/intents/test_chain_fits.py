"""The keyed chain of the history: whatever somebody with the database changes is noticed by who has the key."""

import pytest

from intents.models import Event, Intent
from intents.services.record import hash_of
from intents.services.verify import chain_fits
from tests.acts import agent_task, bundle, finish_work, forge, fresh, gate_of, say, signoff
from tests.conftest import Api
from tests.guards import unguarded

FIELDS = {
    "event_type": "intent.timed_out",
    "status": "FAILED",
    "actor": "person:bo@acme.example",
    "waiting_reason": "WAITING_FOR_TIME",
    "details_digest": "sha256:" + "0" * 64,
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
    "text": '{"details":{},"pending_with":null}',
    "seq": 77,
}
"""What somebody with the database could write over an event."""


@pytest.fixture
def story(world) -> Intent:
    scenario = bundle(agent_task("a"), signoff())
    intent = Intent.objects.get(pk=Api(world.sender_secret).post("/v1/scenarios/apply", scenario).json()["intent_id"])
    finish_work(world, intent, n=1)
    say(gate_of(intent), world.ana)
    assert chain_fits(fresh(intent))
    return intent


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_chain_does_not_fit_when_an_event_was_changed(story, field, place):
    rows = list(Event.objects.filter(intent=story).order_by("seq"))
    event = {"first": rows[0], "middle": rows[3], "last": rows[-1]}[place]

    forge(event, **{field: FIELDS[field]})

    assert not chain_fits(fresh(story))


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_chain_does_not_fit_when_an_event_is_missing(story, place):
    rows = list(Event.objects.filter(intent=story).order_by("seq"))
    chosen = {"first": rows[0], "middle": rows[3], "last": rows[-1]}[place]

    with unguarded():
        chosen.delete()

    assert not chain_fits(fresh(story))


def test_chain_does_not_fit_when_events_change_places(story):
    first, second = Event.objects.filter(intent=story).order_by("seq")[2:4]
    forge(first, seq=1000)
    forge(second, seq=first.seq)
    forge(first, seq=second.seq)

    assert not chain_fits(fresh(story))


def test_chain_does_not_fit_with_another_key_or_in_another_workspace(story, settings):
    settings.RECORD_KEY = b"another key, guessed by somebody else"

    assert not chain_fits(fresh(story))


def test_chain_does_not_fit_when_the_intent_names_another_end(story):
    Intent.objects.filter(pk=story.pk).update(last_seq=story.last_seq - 1)

    assert not chain_fits(fresh(story))


def test_chain_does_not_fit_when_one_event_was_replaced_by_another_genuine_one(story):
    event = Event.objects.filter(intent=story).order_by("seq")[3]
    event.actor = "person:bo@acme.example"

    forge(event, actor=event.actor, hash=hash_of(event, str(story.workspace_id)))

    assert not chain_fits(fresh(story))


def test_chain_does_not_fit_when_a_text_is_gone_and_no_purge_is_on_record(story):
    event = Event.objects.filter(intent=story).first()
    event.text.delete()

    assert not chain_fits(fresh(story))
