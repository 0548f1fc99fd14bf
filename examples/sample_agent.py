"""The sample agent: takes work from Countersign by the stock `axme` client and says that it looks fine.

    python examples/sample_agent.py var/first-run.json

Started beside `make up`; ends when that does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from axme import AxmeClient, AxmeClientConfig

PARENT = os.getppid()
LONGEST_PAUSE_SECONDS = 5.0


def main() -> None:
    """Listen for ever; whatever breaks, try again."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    client = AxmeClient(AxmeClientConfig(base_url=settings["url"], api_key=settings["agent_key"]))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pause = 0.2
    while True:
        try:
            for work in client.listen(settings["agent_address"], wait_seconds=30):
                client.resume_intent(work["intent_id"], validate(work["payload"]))
                pause = 0.2
        except Exception as error:  # noqa: BLE001 - a cut stream or a restarting server: the work is handed out again
            print(f"sample agent: {error}; trying again", file=sys.stderr, flush=True)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def validate(payload: dict[str, Any]) -> dict[str, Any]:
    """A pretended check of the change."""
    return {"action": "complete", "validation": "passed", "checked": sorted(payload)}


def _end_with_parent() -> None:
    """Also when the server was killed and nobody tells us."""
    while os.getppid() == PARENT:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
