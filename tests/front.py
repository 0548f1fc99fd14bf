"""One address in front of several servers, as a load balancer has it: a connection goes to the first that takes it."""

from __future__ import annotations

import asyncio
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.live import LOOPBACK, free_port


@contextmanager
def front(ports: list[int]) -> Iterator[str]:
    """The URL of the front. `ports` is looked at anew for every connection."""
    door, loop = free_port(), asyncio.new_event_loop()
    stopped, open_now = asyncio.Event(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_stand(ports, door, open_now, stopped),))
    thread.start()
    assert open_now.wait(10)
    try:
        yield f"http://{LOOPBACK}:{door}"
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


async def _stand(ports: list[int], door: int, open_now: threading.Event, stopped: asyncio.Event) -> None:
    passing: set[asyncio.Task[None]] = set()

    async def welcome(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(_pass_on(ports, reader, writer))
        passing.add(task)
        task.add_done_callback(passing.discard)

    server = await asyncio.start_server(welcome, LOOPBACK, door)
    open_now.set()
    await stopped.wait()
    server.close()
    for task in list(passing):
        task.cancel()
    await asyncio.gather(*passing, return_exceptions=True)


async def _pass_on(ports: list[int], reader: StreamReader, writer: StreamWriter) -> None:
    """Both ways, until one side ends; then the other side hears of it."""
    ends = [writer]
    try:
        for port in ports:
            with suppress(OSError):
                inner, out = await asyncio.open_connection(LOOPBACK, port)
                ends.append(out)
                ways = [asyncio.create_task(_pump(*way)) for way in ((reader, out), (inner, writer))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                return
    finally:
        for end in ends:
            end.close()
        for end in ends:
            with suppress(OSError):
                await end.wait_closed()


async def _pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
