"""One life: a program asks, people answer or not, an agent works, and the program gets its answer.

Each call is made again, as the same call, until it got a true answer: what every program that must live long does.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.acts import agent_task, bundle
from tests.chaos.world import Place
from tests.servers import LOOPBACK

PATIENCE_SECONDS = 240.0
PAUSE_SECONDS = 0.1
LEASE_SECONDS, TRIES = 30, 20
TERMINAL = ("COMPLETED", "FAILED", "CANCELED", "TIMED_OUT")
AGENT_KINDS = ("worked", "passed")


@dataclass
class Life:
    """What its program and its people saw."""

    number: int
    kind: str
    place: Place
    intent_id: str = ""
    applied: list[str] = field(default_factory=list)
    """The outcomes that the server said it had recorded."""
    answer: dict[str, Any] | None = None
    fault: str = ""
    """Why this life did not come to its end."""


class Callers:
    """HTTP to whichever server answers; remembers how long each request took."""

    def __init__(self, ports: list[int], seed: int) -> None:
        self.seconds: list[float] = []
        self.failed = 0
        self.over = threading.Event()
        """Nobody calls any more."""
        self._ports, self._dice = ports, random.Random(seed)
        self._local = threading.local()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Until it is answered with something else than "ask again"."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and not self.over.is_set():
            started = time.monotonic()
            try:
                answer = self._client().request(method, self._url(path), json=body, headers=headers, timeout=15)
            except httpx.HTTPError:
                self.failed += 1
            else:
                self.seconds.append(time.monotonic() - started)
                if answer.status_code < 500:
                    return answer
                self.failed += 1
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path} was not answered")

    def follow(self, intent_id: str, key: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event for which `until` holds, over as many streams as it takes. Each event is seen once."""
        end, since = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < end and not self.over.is_set():
            try:
                for event in self._stream(intent_id, key, since):
                    assert event["seq"] == since + 1, f"event {event['seq']} came after {since}"
                    since = event["seq"]
                    if until(event):
                        return dict(event)
            except httpx.HTTPError:
                time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"nothing came of {intent_id} after event {since}")

    def _stream(self, intent_id: str, key: str, since: int) -> Any:
        path = f"/v1/intents/{intent_id}/events/stream?since={since}&wait_seconds=20"
        with self._client().stream("GET", self._url(path), headers={"x-api-key": key}, timeout=40) as answer:
            if answer.status_code != 200:
                raise httpx.HTTPError(f"{answer.status_code}")
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name.startswith("intent."):
                    yield json.loads(line.removeprefix("data: "))

    def _url(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self._dice.choice(self._ports)}{path}"

    def _client(self) -> httpx.Client:
        if not hasattr(self._local, "client"):
            self._local.client = httpx.Client()
        client: httpx.Client = self._local.client
        return client


def live(life: Life, callers: Callers) -> Life:
    """From the asking to the answer; what goes wrong is noted in `fault`."""
    try:
        _send(life, callers)
        _people(life, callers)
        life.answer = callers.follow(life.intent_id, life.place.sender, lambda event: event["status"] in TERMINAL)
    except Exception as error:  # noqa: BLE001 - the verdict names it
        life.fault = f"{type(error).__name__}: {error}"
    return life


def _send(life: Life, callers: Callers) -> None:
    """Twice, as after a crash: the second time must be the same intent."""
    path, body = _request(life)
    headers = {"x-api-key": life.place.sender, "Idempotency-Key": f"life-{life.number}"}
    first, second = (callers.call("POST", path, body, **headers) for _ in range(2))
    assert first.status_code == 200, first.text
    life.intent_id = first.json()["intent_id"]
    assert second.json()["intent_id"] == life.intent_id, "one request became two intents"


def _request(life: Life) -> tuple[str, dict[str, Any]]:
    """Work whose agent is lost, or never heard of it, is handed out again when the lease ends: after half a minute."""
    intent_type, payload = f"intent.{life.kind}.v1", {"life": life.number}
    if life.kind in AGENT_KINDS:
        work = agent_task("work", step_deadline_seconds=LEASE_SECONDS * TRIES)
        return "/v1/scenarios/apply", bundle(work, type=intent_type, payload=payload, max_delivery_attempts=TRIES)
    return "/v1/intents", {"intent_type": intent_type, "to_agent": "human", "payload": payload}


def _people(life: Life, callers: Callers) -> None:
    if life.kind in ("silent", "passed"):
        return
    waiting = callers.follow(
        life.intent_id, life.place.sender, lambda event: bool(event["details"].get("gate_id")) or _is_over(event)
    )
    assert not _is_over(waiting), f"it ended before anybody answered: {waiting['event_type']}"
    gate_id = waiting["details"]["gate_id"]
    answers = ("approve", "reject") if life.kind == "raced" else ("approve",)
    with ThreadPoolExecutor(len(answers)) as crowd:
        list(
            crowd.map(
                lambda pair: _decide(life, callers, gate_id, *pair), zip(life.place.people, answers, strict=False)
            )
        )


def _decide(life: Life, callers: Callers, gate_id: str, token: str, decision: str) -> None:
    """409 is a true answer: somebody else was first, or the earlier try that broke off was recorded."""
    path, body = f"/v1/approvals/{gate_id}/decision", {"decision": decision, "comment": f"life {life.number}"}
    answer = callers.call("POST", path, body, Authorization=f"Bearer {token}")
    assert answer.status_code in (200, 409), answer.text
    if answer.json().get("applied"):
        life.applied.append(decision)


def _is_over(event: dict[str, Any]) -> bool:
    return event["status"] in TERMINAL
