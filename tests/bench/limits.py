"""The limits of this machine in the same run: the same rows by plain SQL, and a bare commit with a publish."""

from __future__ import annotations

import re
import subprocess
import threading
import time

import redis
from django.db import connection

from approvals.models import Gate
from tests.bench.house import House
from tests.bench.rows import Ids, Original, connect, copy_statements, decision_statements

IDS = "SELECT uuidv7() AS i, uuidv7() AS s, uuidv7() AS g \\gset"
MADE = Ids(":i", ":s", ":g")


def creates_script(of: Original) -> list[str]:
    """The rows of a new intent with an open gate, a statement for each table, in one transaction."""
    return [IDS, "BEGIN", *copy_statements(of, MADE), "COMMIT"]


def lives_script(opened: Original, decided: Original) -> list[str]:
    """Those rows, then in a second transaction what a decision adds and changes."""
    lock = "SELECT 1 FROM intents_intent WHERE id = :i FOR NO KEY UPDATE"
    ended = [*decision_statements(decided, MADE), *ending(decided, opened.last_seq + 1)]
    return [*creates_script(opened), "SELECT uuidv7() AS d \\gset", "BEGIN", lock, *ended, "COMMIT"]


def due_script(expired: Original, first_seq: int) -> list[str]:
    """One due gate: found, locked, closed, its intent ended, two events written."""
    found = (
        "SELECT i.id AS i, s.id AS s, g.id AS g FROM intents_intent i JOIN intents_step s ON s.intent_id = i.id "
        "JOIN approvals_gate g ON g.step_id = s.id WHERE i.wake_at <= now() ORDER BY i.wake_at LIMIT 1 "
        "FOR NO KEY UPDATE OF i SKIP LOCKED \\gset"
    )
    return ["BEGIN", found, *ending(expired, first_seq), "COMMIT"]


def ending(of: Original, first_seq: int) -> list[str]:
    """The updates and the later events of the original."""
    gate = Gate.objects.select_related("step", "intent").get(pk=of.gate)
    last = f"last_seq = {of.last_seq}, updated_at = now(), last_at = now(), ended_at = now()"
    return [
        (
            f"UPDATE approvals_gate SET closed_at = now(), outcome = '{gate.outcome}', "
            f"outcome_class = '{gate.outcome_class}', reason = '{gate.reason}' WHERE id = :g"
        ),
        f"UPDATE intents_step SET status = '{gate.step.status}', ended_at = now(), wake_at = NULL WHERE id = :s",
        (
            "UPDATE intents_intenttexts SET result = "
            f"(SELECT result FROM intents_intenttexts WHERE intent_id = '{of.intent}') WHERE intent_id = :i"
        ),
        *copy_statements(of, MADE, first_seq),
        (
            f"UPDATE intents_intent SET status = '{gate.intent.status}', wake_at = NULL, pending_with = NULL, "
            f"waiting_reason = '', {last} WHERE id = :i"
        ),
    ]


def per_second(house: House, script: list[str], connections: int, *, seconds: float = 0, count: int = 0) -> float:
    """Transactions of the script per second by pgbench, for a time or a number of them in all."""
    path = house.folder / "script.sql"
    path.write_text("".join(line + ("\n" if "\\gset" in line else ";\n") for line in script))
    given = connection.settings_dict
    words = [house.pgbench, "-h", given["HOST"], "-p", str(given["PORT"]), "-U", given["USER"]]
    words += ["-n", "-M", "prepared", "-c", str(connections), "-j", "2", "-f", str(path)]
    words += ["-t", str(count // connections)] if count else ["-T", str(int(seconds))]
    done = subprocess.run([*words, given["NAME"]], capture_output=True, text=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench failed: {done.stdout} {done.stderr}")
    return float(found[1])


def bare_wakeups(house: House, count: int) -> list[float]:
    """Seconds from a commit of one small row to a listener that hears of it by Redis, `count` times."""
    heard, latest = threading.Event(), [0.0]
    client = redis.Redis.from_url(house.redis_url)

    def listen() -> None:
        with client.pubsub() as ear:
            ear.subscribe("bare")
            for message in ear.listen():
                latest[0] = time.perf_counter()
                heard.set()
                if message["data"] == b"end":
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    heard.wait(5)
    took = []
    with connect() as plain:
        plain.execute("CREATE TABLE bare (id int PRIMARY KEY, said int)")
        plain.execute("INSERT INTO bare VALUES (1, 0)")
        plain.commit()
        for number in range(count):
            heard.clear()
            begun = time.perf_counter()
            plain.execute("UPDATE bare SET said = %s WHERE id = 1", [number])
            plain.commit()
            client.publish("bare", str(number))
            heard.wait(5)
            took.append(latest[0] - begun)
            time.sleep(0.01)
    client.publish("bare", "end")
    thread.join()
    return took


def version_of_postgresql() -> str:
    with connect() as plain:
        found = plain.execute("SHOW server_version").fetchone()
    return str(found[0]) if found else "unknown"
