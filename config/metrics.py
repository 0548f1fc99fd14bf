"""`/metrics` for Prometheus: what this process counted, and what stands in the rows now. It shows no content.

Without METRICS_TOKEN in the settings it is for direct connections over loopback only.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from approvals.models import Gate
from approvals.views.welcome import from_this_machine
from config.health import FAULTS, engine, refusal
from intents import clock
from intents.errors import Forbidden
from intents.models import Intent, Outbox
from notifications.health import mute_rooms, queue_lengths, unheard_apps


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The counts of this process (and of those beside it), and the rows' ages and numbers as of now."""
    if not may_scrape(request):
        return refusal(Forbidden("Send METRICS_TOKEN as a Bearer token. Without that setting: loopback only."))
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def registry() -> CollectorRegistry:
    """This process's, or that of all processes at this address (config.several)."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    of_all = CollectorRegistry()
    MultiProcessCollector(of_all)  # type: ignore[no-untyped-call]
    of_all.register(Rows())
    return of_all


def may_scrape(request: HttpRequest) -> bool:
    """By the token if there is one in the settings."""
    if not settings.METRICS_TOKEN:
        return from_this_machine(request)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    return secrets.compare_digest(given, settings.METRICS_TOKEN.encode())


class Rows(Collector):
    """What stands in the database, read at each scrape: the same from every process, so take one or the maximum."""

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: registering must not read the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Gauges. A database that does not answer leaves them out, and the rest is still served."""
        try:
            found = engine()
            numbers = {
                "intents_open": Intent.objects.filter(wake_at__isnull=False).count(),
                "gates_open": Gate.objects.filter(closed_at__isnull=True).count(),
                "outbox": Outbox.objects.count(),
                "slack_unheard": unheard_apps(clock.now()),
                "slack_mute": mute_rooms(),
            }
            queues = queue_lengths()
        except FAULTS:
            return
        yield _gauge("overdue_seconds", "Age of the longest overdue intent.", found.overdue_seconds)
        yield _gauge("untold_seconds", "Age of the oldest event that is not announced.", found.untold_seconds)
        yield _gauge("unsent_seconds", "Age of the oldest due message that is not sent.", found.unsent_seconds)
        yield _gauge("cannot_be_woken", "Intents whose handling keeps failing.", found.cannot_be_woken)
        for name, number in numbers.items():
            yield _gauge(name, f"Rows: {name.replace('_', ' ')}.", number)
        queue = GaugeMetricFamily("countersign_queue", "Messages that are not settled.", labels=["channel"])
        for channel, number in queues.items():
            queue.add_metric([channel], number)
        yield queue


def serve_worker() -> None:
    """A worker has no pages: with METRICS_PORT it serves its own counts there, on METRICS_HOST (loopback)."""
    if settings.METRICS_PORT:
        start_http_server(settings.METRICS_PORT, addr=settings.METRICS_HOST)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"countersign_{name}", what, value=value)
