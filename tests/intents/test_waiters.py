"""The registry of those who wait: nothing is lost, whatever thread says so, and nothing is left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

import pytest

from intents.waiters import Registry, TooManyStreams


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 10))


def heads_are(seqs: dict[str, int], ready: set[str] = frozenset()):  # type: ignore[assignment]
    """A look at the rows that finds these."""
    asked = []

    async def heads(intent_ids: list[str], addresses: list[str]) -> tuple[dict[str, int], set[str]]:
        asked.append((sorted(intent_ids), sorted(addresses)))
        return seqs, set(ready)

    heads.asked = asked  # type: ignore[attr-defined]
    return heads


def test_wake_reaches_the_waiter_when_another_thread_says_so():
    async def story() -> None:
        registry, event = Registry(), asyncio.Event()
        with registry.waiting("intent:a", event):
            thread = threading.Thread(target=registry.wake, args=({"intent:a"},))

            thread.start()
            await event.wait()
            thread.join()

    run(story())


def test_wake_leaves_others_alone_when_they_wait_for_something_else():
    async def story() -> None:
        registry, mine, other = Registry(), asyncio.Event(), asyncio.Event()
        with registry.waiting("intent:a", mine), registry.waiting("intent:b", other):
            registry.wake({"intent:a"})
            await mine.wait()

        assert not other.is_set()

    run(story())


def test_wake_all_reaches_everybody():
    async def story() -> None:
        registry, one, two = Registry(), asyncio.Event(), asyncio.Event()
        with registry.waiting("intent:a", one), registry.waiting("agent:b", two):
            registry.wake_all()

            await one.wait()
            await two.wait()

    run(story())


def test_wake_does_nothing_when_the_loop_is_closed():
    registry = Registry()

    async def story() -> None:
        with registry.waiting("intent:a", asyncio.Event()):
            pass

    run(story())

    registry.wake({"intent:a"})


def test_nothing_is_kept_when_the_waiter_leaves():
    async def story() -> None:
        registry = Registry()
        with registry.stream_of("key:1"), registry.waiting("intent:a", asyncio.Event()):
            assert registry.names("intent:") == ["a"]

        assert registry.names("") == []
        assert not registry.streams

    run(story())


def test_stream_is_refused_when_the_key_holds_its_limit():
    registry = Registry(limit=1)

    key_1, key_2, one_more = registry.stream_of("key:1"), registry.stream_of("key:2"), registry.stream_of("key:1")
    with key_1, key_2, pytest.raises(TooManyStreams), one_more:
        pass

    with registry.stream_of("key:1"):
        assert registry.streams["key:1"] == 1


def test_safety_net_wakes_those_who_missed_something():
    async def story() -> None:
        registry, behind, up_to_date = Registry(), asyncio.Event(), asyncio.Event()
        with registry.waiting("intent:a", behind, seen=3), registry.waiting("intent:b", up_to_date, seen=7):
            await registry.read_again(heads_are({"a": 4, "b": 7}))

        assert behind.is_set()
        assert not up_to_date.is_set()

    run(story())


def test_safety_net_wakes_once_when_the_same_head_is_read_again():
    async def story() -> None:
        registry, event = Registry(), asyncio.Event()
        with registry.waiting("intent:a", event, seen=3):
            await registry.read_again(heads_are({"a": 4}))
            event.clear()
            await registry.read_again(heads_are({"a": 4}))

        assert not event.is_set()

    run(story())


def test_safety_net_wakes_listeners_when_work_is_free():
    async def story() -> None:
        registry, event = Registry(), asyncio.Event()
        with registry.waiting("agent:agent://a/b/c", event):
            await registry.read_again(heads_are({}, {"agent://a/b/c"}))

        assert event.is_set()

    run(story())


def test_safety_net_asks_once_however_many_wait():
    async def story() -> None:
        registry, heads = Registry(), heads_are({})
        with ExitStack() as stack:
            for name in ("intent:a", "intent:a", "intent:b"):
                stack.enter_context(registry.waiting(name, asyncio.Event()))
            await registry.read_again(heads)

        assert heads.asked == [(["a", "b"], [])]

    run(story())


def test_safety_net_asks_nothing_when_nobody_waits():
    heads = heads_are({})

    run(Registry().read_again(heads))

    assert heads.asked == []
