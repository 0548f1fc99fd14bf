"""The one thing that is different here: how a connection is taken from the pool."""

from __future__ import annotations

import select
from time import monotonic
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, Error
from psycopg_pool import ConnectionPool

TRUSTED_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Left to itself psycopg pauses between dead connections, twice as long after each: nobody could wait for that."""

    def get_new_connection(self, conn_params: Any) -> Any:
        """Behind one dead connection there is only a fresh one: all that lie in the pool are thrown away with it."""
        connection = super().get_new_connection(conn_params)
        if self.pool and not is_alive(connection):
            self.pool.drain()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def close(self) -> None:
        """Back into the pool."""
        if self.connection is not None:
            self.connection.last_used = monotonic()
        super().close()


def is_alive(connection: Connection) -> bool:
    """Asked only if it lay unused for a while, or if something came in meanwhile: a server that ends says so."""
    try:
        if monotonic() - getattr(connection, "last_used", 0.0) > TRUSTED_SECONDS or has_news(connection):
            ConnectionPool.check_connection(connection)
    except Error:
        return False
    return True


def has_news(connection: Connection) -> bool:
    """True if there is something to read, the end included."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
