"""What is done to the cluster while programs and people go about their work. Each goes on until `over`."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable

import redis

from tests.chaos.cluster import Cluster

Fault = Callable[[Cluster, threading.Event, random.Random], None]


def redis_flushed(cluster: Cluster, over: threading.Event, dice: random.Random) -> None:
    """Everything in Redis is lost, about every second."""
    client = redis.Redis.from_url(cluster.redis_url)
    while not over.wait(dice.uniform(0.5, 1.5)):
        client.flushall()


def redis_hung(cluster: Cluster, over: threading.Event, dice: random.Random) -> None:
    """Redis keeps its connections and answers nothing, for seconds."""
    while not over.wait(dice.uniform(1, 3)):
        cluster.redis.send(signal.SIGSTOP)
        over.wait(dice.uniform(3, 8))
        cluster.redis.send(signal.SIGCONT)


def redis_killed(cluster: Cluster, over: threading.Event, dice: random.Random) -> None:
    """Redis dies and stays away for seconds; it kept nothing."""
    while not over.wait(dice.uniform(1, 4)):
        cluster.redis.held_down = True
        cluster.redis.end()
        over.wait(dice.uniform(0.5, 4))
        cluster.redis.held_down = False


def database_restarted(cluster: Cluster, over: threading.Event, dice: random.Random) -> None:
    """PostgreSQL is stopped (fast, or at once as in a crash), and comes back after a moment."""
    while not over.wait(dice.uniform(4, 8)):
        cluster.database.held_down = True
        cluster.database.end(dice.choice([signal.SIGINT, signal.SIGQUIT]))
        over.wait(dice.uniform(0.2, 2))
        cluster.database.held_down = False


def processes_killed(cluster: Cluster, over: threading.Event, dice: random.Random) -> None:
    """A server, worker, beat or agent is killed with -9, about every second and a half."""
    while not over.wait(dice.uniform(0.5, 2.5)):
        dice.choice(cluster.apps).end()


FAULTS: dict[str, Fault] = {
    "redis-flushed": redis_flushed,
    "redis-hung": redis_hung,
    "redis-killed": redis_killed,
    "database-restarted": database_restarted,
    "processes-killed": processes_killed,
}
