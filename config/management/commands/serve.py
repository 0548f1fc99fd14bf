"""`manage.py serve`: pages, API and streams, in one process or several; `--embedded` adds the worker and the beat."""

from __future__ import annotations

import os
import resource
import signal
import sys
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import asgi, embedded, several
from config.requesthead import BoundedHead

GRACE_SECONDS = 3
BACKLOG = 4096
OPEN_FILES = 65_536  # each parked client is one; the usual 1,024 would not do


class Server(uvicorn.Server):
    """Ends streams with `stream.timeout` before it stops, and exits 0 when it was asked to stop."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT; the second one does not wait for anybody."""
        asgi.streams.close_all()
        self.force_exit = self.should_exit
        self.should_exit = True


class Command(BaseCommand):
    """Serve until SIGTERM or SIGINT."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen, and whether to work too."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--embedded", action="store_true", help="run the worker and the beat in this process")
        parser.add_argument("--processes", type=int, default=1, help="how many share the address; needs REDIS_URL")
        parser.add_argument("--one-of-several", type=int, default=0, help="used by --processes itself")

    def handle(self, *args: Any, **options: Any) -> None:
        """Blocks."""
        raise_open_files()
        host, port, processes, alive = (options[name] for name in ("host", "port", "processes", "one_of_several"))
        if processes > 1:
            check_several(embedded=options["embedded"])
            sys.exit(several.serve(host, port, processes))
        if options["embedded"]:
            embedded.start()
        try:
            if alive:
                several.when_orphaned(alive, lambda: os.kill(os.getpid(), signal.SIGTERM))
            Server(configured(host, port)).run([several.bound(host, port)] if alive else None)
        finally:
            embedded.stop()


def check_several(*, embedded: bool) -> None:
    """Without Redis a process hears nothing of what another one commits, and one worker in a process is enough."""
    if embedded or not settings.REDIS_URL:
        raise CommandError("--processes needs REDIS_URL, and workers of their own instead of --embedded.")


def raise_open_files() -> None:
    """As many as we want, or as this machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def configured(host: str, port: int) -> uvicorn.Config:
    """The web server: logging is Django's, proxies are settings' business."""
    return uvicorn.Config(
        asgi.application,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHead,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
