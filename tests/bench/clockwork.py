"""What the clock costs: due gates per second, a sweep among many that are not due, and catching up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from intents.models import Intent
from intents.sweeps import wake, wake_due
from tests.bench import limits
from tests.bench.house import House, Meter
from tests.bench.report import Row, spread
from tests.bench.rows import Original, connect, copy_many, make_due, original
from tests.factories import gate_rule, make_policy, send
from tests.races.timing import make_due as next_due

WORKERS = 2
LONGEST = 150.0  # seconds


def due(house: House) -> Iterator[Row]:
    """Gates whose time ran out, all at once; wake workers as `manage.py` would run them, without tellers."""
    few, many = (1000, 3000) if house.quick else (10_000, 100_000)
    with house.fresh("due"):
        opened = original(send(house.world, to_agent="human"))
        expired = original(expired_intent(house))
        copy_many(opened, few)
        make_due(opened)
        script = limits.due_script(expired, opened.last_seq + 1)
        limit = limits.per_second(house, script, WORKERS, count=few - few % WORKERS)
        drained()
        yield caught_up(house, opened, few, "due gates handled", limit=f"{limit:.0f}/s")
        yield caught_up(house, opened, many, "catch-up after an outage")


def caught_up(house: House, of: Original, count: int, what: str, limit: str = "") -> Row:
    """They are all due before the workers start; timed from the first that is handled, for `LONGEST` at most."""
    copy_many(of, count)
    make_due(of)
    with house.workers("wake", count=WORKERS) as pids:
        while still_due() == count:
            time.sleep(0.005)
        begun = time.monotonic()
        with Meter(workers=pids) as meter:
            while (left := still_due()) > 0 and time.monotonic() < begun + LONGEST:
                time.sleep(0.05 if left < 1000 else 0.5)
            took = time.monotonic() - begun
    done = count - left
    note = f"{WORKERS} wake workers; CPU for each: {meter.per(done)}"
    if left:
        note += f"; stopped when {left:,} were left"
    return Row(f"{what}: {count:,} overdue", f"{done / took:.0f}/s ({took:.1f} s)", limit, note=note)


def sweep(house: House) -> Iterator[Row]:
    """One look for what is due, when nothing is; then 200 that are, among so many that are not."""
    with house.fresh("sweep"):
        of = original(send(house.world, to_agent="human"))
        for pending in (1000, 100_000 if house.quick else 1_000_000):
            fill(of, pending)
            idle = [timed() for _ in range(50)]
            copy_due(of, 200)
            begun = time.perf_counter()
            assert wake_due() == 200
            busy = time.perf_counter() - begun
            plain = [query() for _ in range(50)]
            note = f"then 200 due ones among them in {busy * 1000:.0f} ms"
            yield Row(f"a sweep with {pending:,} pending, none due", spread(idle), spread(plain), note=note)
    yield from chains(house)


def chains(house: House) -> Iterator[Row]:
    """The next step of so many chains of ten, all at once: who is told, the event, and the moment after that."""
    steps: list[dict[str, Any]] = [{}, *({"after": 600, "remind": {"after": 120, "most": 3}} for _ in range(9))]
    rule = gate_rule("team:sre", place="before", chain={"steps": steps}, deadline=86_400)
    with house.fresh("chains"):
        make_policy(house.world.workspace, gates=[rule])
        intent = send(house.world, to_agent="human")
        next_due(list(intent.gates.all()))
        copy_many(original(intent), 199)
        begun = time.perf_counter()
        assert wake_due() == 200
        took = time.perf_counter() - begun
        yield Row(
            "a sweep with 200 due steps of chains of 10 steps",
            f"{200 / took:.0f}/s ({took:.1f} s)",
            "",
            note="one process",
        )


def expired_intent(house: House) -> Intent:
    """One whose gate ran out and was handled."""
    intent = send(house.world, to_agent="human")
    with connect() as plain:
        plain.execute("UPDATE approvals_gate SET expires_at = now() WHERE intent_id = %s", [intent.pk])
        plain.execute("UPDATE intents_intent SET wake_at = now() WHERE id = %s", [intent.pk])
    time.sleep(0.05)
    wake(intent.pk)
    return intent


def fill(of: Original, pending: int) -> None:
    """Open intents up to this number, bulk-inserted, due some time in the next days."""
    missing = pending - Intent.objects.filter(wake_at__isnull=False).count()
    with connect() as plain:
        kept = "id, wake_at, created_at"
        rest = ", ".join(name for name in columns() if name not in ("id", "wake_at", "created_at"))
        plain.execute(
            f"INSERT INTO intents_intent ({kept}, {rest}) SELECT uuidv7(), "
            f"now() + interval '1 day' + random() * interval '20 days', now(), {rest} "
            f"FROM intents_intent, generate_series(1, {missing}) WHERE id = '{of.intent}'"
        )
        plain.commit()
        plain.autocommit = True
        plain.execute("VACUUM ANALYZE intents_intent")


def columns() -> list[str]:
    return [field.column for field in Intent._meta.concrete_fields if field.column]


def copy_due(of: Original, count: int) -> None:
    """So many copies that ran out a second ago."""
    ids = [intent for intent, _ in copy_many(of, count)]
    moment = "now() - interval '1 second'"
    with connect() as plain:
        for table, column in (("approvals_gate", "expires_at"), ("intents_intent", "wake_at")):
            key = "intent_id" if column == "expires_at" else "id"
            plain.execute(f"UPDATE {table} SET {column} = {moment} WHERE {key} = ANY(%s::uuid[])", [ids])


def timed() -> float:
    begun = time.perf_counter()
    assert wake_due() == 0
    return time.perf_counter() - begun


def query() -> float:
    """The same question by plain SQL."""
    with connect() as plain:
        plain.execute("SELECT 1")
        begun = time.perf_counter()
        plain.execute("SELECT id FROM intents_intent WHERE wake_at <= now() ORDER BY wake_at LIMIT 200").fetchall()
        return time.perf_counter() - begun


def still_due() -> int:
    with connect() as plain:
        found = plain.execute("SELECT count(*) FROM intents_intent WHERE wake_at <= now()").fetchone()
    return int(found[0]) if found else 0


def drained() -> None:
    """Whatever pgbench left over."""
    while wake_due():
        pass
