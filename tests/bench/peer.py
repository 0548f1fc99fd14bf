"""The same job on DBOS Transact, in its own environment (.venv-bench): start, wait for a message, send it, result.

In one process and without HTTP, as that library is used. Prints JSON. Run as a script: it imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dbos import DBOS

TOPIC = "decision"
PATIENCE = 60.0  # seconds


@DBOS.workflow()
def ask(payload: dict[str, Any]) -> dict[str, Any]:
    said = DBOS.recv(TOPIC, timeout_seconds=PATIENCE)
    return {"said": said, "resumed": time.time(), "payload": payload}


def life(number: int) -> tuple[float, float, float]:
    """Seconds from the start to the result, from the message to the workflow, and from the message to the result."""
    begun = time.time()
    handle = DBOS.start_workflow(ask, {"target": "prod-postgres-main", "number": number})
    sent = time.time()
    DBOS.send(handle.workflow_id, "approved", TOPIC)
    result = handle.get_result()
    done = time.time()
    return done - begun, result["resumed"] - sent, done - sent


def flood(connections: int, seconds: float) -> dict[str, Any]:
    end = time.time() + seconds
    with ThreadPoolExecutor(connections) as pool:

        def work(hand: int) -> list[float]:
            took = []
            while time.time() < end:
                took.append(life(hand)[0])
            return took

        took = [one for many in pool.map(work, range(connections)) for one in many]
    return {"took": took, "seconds": seconds}


def waits(parked: int, decisions: int, pause: float) -> dict[str, Any]:
    """`parked` workflows wait; some are sent their message, one at a time."""
    handles = [DBOS.start_workflow(ask, {"number": number}) for number in range(parked)]
    time.sleep(min(10.0, 1.0 + parked / 100))
    to_workflow, to_result = [], []
    for handle in handles[:decisions]:
        sent = time.time()
        DBOS.send(handle.workflow_id, "approved", TOPIC)
        result = handle.get_result()
        to_result.append(time.time() - sent)
        to_workflow.append(result["resumed"] - sent)
        time.sleep(pause)
    for handle in handles[decisions:]:
        DBOS.send(handle.workflow_id, "approved", TOPIC)
    for handle in handles[decisions:]:
        handle.get_result()
    return {"to_workflow": to_workflow, "to_result": to_result}


def main() -> None:
    job = json.load(sys.stdin)
    DBOS(
        config={
            "name": "bench",
            "system_database_url": job["database_url"],
            "run_admin_server": False,
            "log_level": "ERROR",
            "sys_db_pool_size": job["pool"],
            "max_executor_threads": job["threads"],
        }
    )
    DBOS.launch()
    before = time.process_time()
    if job["kind"] == "lives":
        measured = flood(job["connections"], job["seconds"])
    else:
        measured = waits(job["parked"], job["decisions"], job["pause"])
    measured["cpu"] = time.process_time() - before
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()
    DBOS.destroy()


if __name__ == "__main__":
    main()
