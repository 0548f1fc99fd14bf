"""Stock `axme` clients that wait, each in a thread: says "waiting", then as JSON when each got its answer."""

from __future__ import annotations

import json
import sys
import threading
import time

from axme import AxmeClient, AxmeClientConfig


def main() -> None:
    job = json.loads(sys.stdin.readline())
    heard: dict[str, float] = {}

    def wait(intent_id: str) -> None:
        client = AxmeClient(AxmeClientConfig(base_url=job["url"], api_key=job["key"]))
        client.wait_for(intent_id)
        heard[intent_id] = time.time()

    threads = [threading.Thread(target=wait, args=(intent_id,)) for intent_id in job["intents"]]
    for thread in threads:
        thread.start()
    time.sleep(2.0)
    print("waiting", flush=True)
    for thread in threads:
        thread.join()
    print(json.dumps(heard), flush=True)


if __name__ == "__main__":
    main()
