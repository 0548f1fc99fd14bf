"""`make demo`: prints the README's program, runs it against the started server, and says where it stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from axme import AxmeClient, AxmeClientConfig

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "quickstart.py"
DATA = Path(os.environ.get("COUNTERSIGN_DATA") or HERE.parent / "var")


def main() -> int:
    """0 if the program got its answer, whatever the answer was."""
    settings = _settings()
    client = AxmeClient(AxmeClientConfig(base_url=settings["url"], api_key=settings["sender_key"]))
    try:
        client.health()
    except Exception:  # noqa: BLE001 - whatever is wrong, the remedy is the same
        sys.exit(f"Nobody answers at {settings['url']}: start Countersign with `make up` in another terminal.")
    print(f"The program (examples/{PROGRAM.name}):\n\n{_indented(PROGRAM.read_text())}\nIt runs now.\n", flush=True)
    environment = os.environ | {"COUNTERSIGN_URL": settings["url"], "COUNTERSIGN_KEY": settings["sender_key"]}
    with subprocess.Popen([sys.executable, str(PROGRAM)], env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        intent_id = child.stdout.readline().strip()
        if intent_id:
            _follow(client, intent_id)
        print(_indented(child.stdout.read()), end="", flush=True)
    return child.returncode


def _settings() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((DATA / "first-run.json").read_text())
    except OSError:
        sys.exit(f"There is no {DATA}/first-run.json: start Countersign with `make up` in another terminal.")
    return found


def _follow(client: AxmeClient, intent_id: str) -> None:
    print(f"  sent: {intent_id}", flush=True)
    try:
        for event in client.observe(intent_id):
            line = _line(event)
            if line:
                print(f"  {line}", flush=True)
    except Exception as error:  # noqa: BLE001 - the stock client lets whatever cuts a stream through
        print(f"  the server went away ({error}). The intent lives on: after `make up`, ask for it again.", flush=True)


def _line(event: dict[str, Any]) -> str:
    """What one event means for somebody who watches."""
    details = event["details"]
    if event["event_type"] == "intent.delivered":
        return f"handed to the agent {event['pending_with']['name']}"
    if event["event_type"] == "intent.in_progress" and details.get("step_status") == "done":
        return f"validated by the agent: {json.dumps(details.get('result'))}"
    if event["event_type"] == "intent.waiting" and "until" in details and "url" in details:
        until = datetime.fromisoformat(details["until"]).astimezone()
        who = details["waiting_for"].replace("(You ", "(you ")
        return f"waiting for {who} until {until:%H:%M}, then {details['then']}\n    decide here: {details['url']}"
    if event["event_type"] == "intent.waiting":
        return "waiting: no agent has taken the work yet"
    if event["event_type"] == "intent.reminder":
        return f"reminded ({details['number']} of {details['of']})"
    return ""


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped. The intent lives on: its answer is there whenever a program asks for it.")
