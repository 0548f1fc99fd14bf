"""`manage.py serve` as a process of its own: it works by itself when embedded, and ends as it should."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from intents.models import Intent, Outbox
from tests.factories import open_gate, send
from tests.live import LOOPBACK, eventually, serving

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.django_db(transaction=True)]

NO_REDIS = {"REDIS_URL": "", "LOG_LEVEL": "WARNING"}


def stream_of(port: int, intent: Intent, key: str) -> socket.socket:
    client = socket.create_connection((LOOPBACK, port), timeout=10)
    path = f"/v1/intents/{intent.pk}/events/stream?wait_seconds=60"
    client.sendall(f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}\r\nx-api-key: {key}\r\n\r\n".encode())
    return client


def read_until(client: socket.socket, words: bytes) -> bytes:
    found = b""
    while words not in found:
        part = client.recv(65536)
        assert part, found
        found += part
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_end_cleanly_and_the_exit_code_is_0_when_the_server_is_asked_to_stop(
    world: SimpleNamespace, tmp_path: Path, number: int
):
    intent = open_gate(world).intent

    with serving(tmp_path, "--embedded", **NO_REDIS) as live:
        client = stream_of(live.port, intent, world.sender_secret)
        read_until(client, b"intent.waiting")
        started = time.monotonic()
        code = live.stop(number)
        seconds = time.monotonic() - started
        rest = read_until(client, b"0\r\n\r\n")
        client.close()

    assert b"event: stream.timeout\n" in rest
    assert code == 0, live.log
    assert seconds < 5
    assert live.log == ""


def test_embedded_server_does_what_is_due_by_itself(world: SimpleNamespace, tmp_path: Path):
    send(world)
    assert Outbox.objects.exists()

    with serving(tmp_path, "--embedded", **NO_REDIS) as live:
        eventually(lambda: not Outbox.objects.exists())
        code = live.stop()

    assert code == 0, live.log


def test_server_without_a_worker_leaves_what_is_due(world: SimpleNamespace, tmp_path: Path):
    send(world)

    with serving(tmp_path, **NO_REDIS) as live:
        time.sleep(2)
        assert live.stop() == 0

    assert Outbox.objects.exists()
