"""A program that asks: applies a scenario, or takes up an intent that it has sent before, and waits for the answer.

    python -m tests.programs.requester URL KEY apply FILE
    python -m tests.programs.requester URL KEY wait INTENT

Its lines are JSON: the intent's id, then the terminal event, or how the client failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from axme import AxmeClient, AxmeClientConfig


def main(url: str, key: str, what: str, which: str) -> None:
    client = AxmeClient(AxmeClientConfig(base_url=url, api_key=key))
    intent_id = which
    if what == "apply":
        intent_id = client.apply_scenario(json.loads(Path(which).read_text()), idempotency_key=which)["intent_id"]
    print(json.dumps({"intent_id": intent_id}), flush=True)
    try:
        print(json.dumps({"event": client.wait_for(intent_id, timeout_seconds=240)}), flush=True)
    except Exception as error:  # noqa: BLE001 - whatever the client raises is what the test wants to know
        print(json.dumps({"failed": f"{type(error).__module__}.{type(error).__name__}", "why": str(error)}), flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
