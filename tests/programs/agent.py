"""An agent: takes work, says so, does it for a while, and returns a result.

    python -m tests.programs.agent URL KEY ADDRESS NAME SECONDS

Like any program that must live long it begins again after an error of its client (docs/client-behaviour.md).
"""

from __future__ import annotations

import sys
import time

from axme import AxmeClient, AxmeClientConfig


def main(url: str, key: str, address: str, name: str, seconds: str) -> None:
    client = AxmeClient(AxmeClientConfig(base_url=url, api_key=key))
    while True:
        try:
            for work in client.listen(address, wait_seconds=15):
                print(f"took {work['intent_id']} attempt {work['delivery_attempt']}", flush=True)
                time.sleep(float(seconds))
                answer = client.resume_intent(work["intent_id"], {"validation": "passed", "by": name})
                print(f"done {work['intent_id']} applied {answer['applied']}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever the client raises is printed, and it begins again
            print(f"broken: {type(error).__module__}.{type(error).__name__}: {error}", flush=True)
            time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
