"""Rows in bulk, and the same rows by plain SQL: copies of one intent that Countersign itself has made.

The copies are for measuring alone: their ids are fresh, their history's hashes are those of the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from approvals.models import Decision
from intents.models import Event, Intent

OF_INTENT = ("intents_intenttexts", "intents_step", "approvals_gate")
OF_GATE = ("approvals_gateask", "approvals_seat")


@dataclass(frozen=True)
class Ids:
    """SQL expressions for the ids of a copy, and what else its statements read from."""

    intent: str
    step: str
    gate: str
    source: str = ""


@dataclass(frozen=True)
class Original:
    """The intent that is copied, its only step and gate, and how far its history goes."""

    intent: str
    step: str
    gate: str
    last_seq: int


def original(intent: Intent) -> Original:
    """An intent with one gate and nothing else."""
    step = intent.steps.get()
    return Original(str(intent.pk), str(step.pk), str(step.gate.pk), Event.objects.filter(intent=intent).count())


def copy_statements(of: Original, to: Ids, first_seq: int = 1) -> list[str]:
    """Insert all rows of a copy of the original; with `first_seq` beyond 1 only its later events."""
    if first_seq > 1:
        return _events(of, to, first_seq)
    ids = {of.intent: to.intent, of.step: to.step, of.gate: to.gate}
    rows = [_copy("intents_intent", f"t.id = '{of.intent}'", ids, to.source)]
    rows += [_copy(name, f"t.intent_id = '{of.intent}'", ids, to.source) for name in OF_INTENT]
    rows += [_copy(name, f"t.gate_id = '{of.gate}'", ids, to.source) for name in OF_GATE]
    return rows + _events(of, to, 1)


def decision_statements(of: Original, to: Ids) -> list[str]:
    """Insert the decision on the original's gate, with `:d` as its id."""
    given = str(Decision.objects.get(gate_id=of.gate).pk)
    ids = {of.gate: to.gate, given: ":d"}
    return [
        _copy("approvals_decision", f"t.id = '{given}'", ids, to.source),
        _copy("approvals_decisiontext", f"t.decision_id = '{given}'", ids, to.source),
    ]


def copy_many(of: Original, count: int) -> list[tuple[str, str]]:
    """So many copies, in one transaction: the ids of intent and gate of each."""
    to = Ids("fresh.intent", "fresh.step", "fresh.gate", ", fresh")
    with connect() as plain:
        plain.execute(
            "CREATE TEMP TABLE fresh AS SELECT uuidv7() AS intent, uuidv7() AS step, uuidv7() AS gate "
            f"FROM generate_series(1, {count})"
        )
        for statement in copy_statements(of, to):
            plain.execute(statement)
        made = plain.execute("SELECT intent::text, gate::text FROM fresh").fetchall()
        plain.commit()
        plain.autocommit = True
        plain.execute("ANALYZE")
    return [(intent, gate) for intent, gate in made]


def make_due(but: Original) -> None:
    """All open gates ran out a second ago, but not that of the original."""
    moment = "now() - interval '1 second'"
    with connect() as plain:
        plain.execute(f"UPDATE approvals_gate SET expires_at = {moment} WHERE closed_at IS NULL AND id <> '{but.gate}'")
        plain.execute(
            f"UPDATE intents_intent SET wake_at = {moment} WHERE wake_at IS NOT NULL AND id <> '{but.intent}'"
        )


def connect() -> psycopg.Connection[Any]:
    """A plain connection to the current database."""
    given = connection.settings_dict
    return psycopg.connect(host=given["HOST"], port=given["PORT"], user=given["USER"], dbname=given["NAME"])


def _copy(table: str, where: str, ids: dict[str, str], source: str) -> str:
    names = [name for name, made in _columns(table) if not made]
    values = ", ".join(_value(name, kind, ids) for name, kind in _kinds(table) if name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} t{source} WHERE {where}"


def _value(name: str, kind: str, ids: dict[str, str]) -> str:
    """The column of the original, with the ids of the copy also inside of texts."""
    text = f"t.{name}::text" if kind in ("uuid", "jsonb", "text") else ""
    if not text:
        return f"t.{name}"
    for old, new in ids.items():
        text = f"replace({text}, '{old}', {new}::text)"
    return f"{text}::{kind}"


def _events(of: Original, to: Ids, first_seq: int) -> list[str]:
    ids = {of.intent: to.intent, of.gate: to.gate}
    which = f"t.intent_id = '{of.intent}' AND t.seq >= {first_seq}"
    pairs = (
        f"FROM intents_event t JOIN intents_event n ON n.seq = t.seq{to.source.replace(',', ' CROSS JOIN')} "
        f"WHERE {which} AND n.intent_id = {to.intent}"
    )
    body = _value("body", "text", ids).replace("t.body", "x.body")
    texts = pairs.replace("WHERE", "JOIN intents_eventtext x ON x.event_id = t.id WHERE")
    return [
        _copy("intents_event", which, ids, to.source),
        f"INSERT INTO intents_eventtext (event_id, body) SELECT n.id, {body} {texts}",
        (
            f"INSERT INTO intents_outbox (event_id, intent_id, attempts, not_before) "
            f"SELECT n.id, n.intent_id, 0, n.at {pairs}"
        ),
    ]


def _columns(table: str) -> list[tuple[str, bool]]:
    """Name, and whether the database makes the value itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, is_identity = 'YES' FROM information_schema.columns "
            "WHERE table_name = %s ORDER BY ordinal_position",
            [table],
        )
        return [(str(name), bool(made)) for name, made in cursor.fetchall()]


def _kinds(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, udt_name FROM information_schema.columns "
            "WHERE table_name = %s ORDER BY ordinal_position",
            [table],
        )
        return [(str(name), str(kind)) for name, kind in cursor.fetchall()]
