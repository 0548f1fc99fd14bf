"""Celery is the alarm clock and nothing else: four ticks a second, no results, nothing that may not be lost."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery, signals
from celery.beat import EmbeddedService, Scheduler
from celery.worker import WorkController
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.management import call_command as run_check
from django.core.management.base import SystemCheckError

TICKS = ("wake", "announce", "deliver", "push")
TICK_EXPIRES_SECONDS = 60
REDIS_PATIENCE_SECONDS = 1.0
EMBEDDED_THREADS = 5


class MemoryScheduler(Scheduler):
    """Knows only the ticks below, so it keeps no file: any number of beats may run, anywhere."""

    def setup_schedule(self) -> None:
        """Take the schedule from the settings at every start."""
        self.merge_inplace(self.app.conf.beat_schedule)


app = Celery("countersign")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://localhost/",
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_publish_retry=False,
    task_default_queue="wake",
    task_queues=[Queue(name) for name in TICKS],  # what a worker without -Q serves
    task_routes={name: {"queue": name} for name in TICKS},
    worker_pool="threads",  # a tick spends its time waiting, and the nudges it makes are drained in its own process
    worker_concurrency=EMBEDDED_THREADS,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    beat_scheduler=MemoryScheduler,
    beat_max_loop_interval=1,
    beat_schedule={
        name: {"task": name, "schedule": 1.0, "options": {"queue": name, "expires": TICK_EXPIRES_SECONDS}}
        for name in TICKS
    },
)
if settings.REDIS_URL:  # a hung Redis costs a second, not 25
    patience = {"socket_timeout": REDIS_PATIENCE_SECONDS, "socket_connect_timeout": REDIS_PATIENCE_SECONDS}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **patience}
app.autodiscover_tasks()


def embedded_worker() -> WorkController:
    """A worker for all queues, to be run in a thread of this process."""
    return app.WorkController(
        pool="threads", concurrency=EMBEDDED_THREADS, queues=list(TICKS), without_mingle=True, without_gossip=True
    )


def embedded_beat() -> Any:
    """A beat that is a thread of this process."""
    return EmbeddedService(app, thread=True, scheduler_cls=MemoryScheduler)


@signals.celeryd_init.connect
def worker_process_begins(**kwargs: Any) -> None:
    """Only a worker of the command line sends this, never the embedded one. Who tells people hears them, too."""
    from config import watchdog  # noqa: PLC0415 - it imports the tasks, which need Django set up
    from notifications.slack.socketmode import listeners  # noqa: PLC0415

    try:
        run_check("check")
    except SystemCheckError as error:  # a signal swallows exceptions, but not the wish to leave
        sys.exit(str(error))
    watchdog.guard()
    if "deliver" in (kwargs["options"].get("queues") or TICKS):
        listeners.start()


@signals.worker_shutdown.connect
def worker_process_ends(**kwargs: Any) -> None:
    """What Slack has sent is answered; what comes now goes to another worker."""
    from notifications.slack.socketmode import listeners  # noqa: PLC0415 - see above

    listeners.stop()
