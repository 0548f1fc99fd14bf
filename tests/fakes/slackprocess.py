"""The fake Slack in a process of its own: whoever measures others must not share an interpreter with it.

On stdin first who is there, as JSON; on stdout its port. Each further line on stdin is answered by its books.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.fakes.slack import LOOPBACK, App, Slack


@dataclass
class SlackProcess:
    """The process, as a context manager. `users`: the address of each user id; `rooms`: the name of each channel id."""

    users: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)
    app: App = field(default_factory=App)
    port: int = 0

    def __enter__(self) -> SlackProcess:
        words = [sys.executable, "-m", "tests.fakes.slackprocess"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._ask({"users": self.users, "rooms": self.rooms}))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/api/"

    def books(self) -> dict[str, Any]:
        """`taken`: delivery and moment of each message; `calls` and `limited`: how often, by method."""
        return dict(self._ask({}))

    def _ask(self, words: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def main() -> None:
    job = json.loads(sys.stdin.readline())
    slack = Slack()
    for user_id, email in job["users"].items():
        slack.add_user(user_id, email)
    for room, name in job["rooms"].items():
        slack.add_room(room, name=name)
    with slack.running():
        print(slack.port, flush=True)
        for _ in sys.stdin:
            books = {
                "taken": slack.taken(),
                "calls": Counter(name for name, _ in slack.calls),
                "limited": slack.limited,
            }
            print(json.dumps(books), flush=True)


if __name__ == "__main__":
    main()
