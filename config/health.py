"""`/health/ready` for load balancers, `/health/engine` for alarms. No key needed, no content shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from intents import clock
from intents.errors import DomainError, Unready
from intents.health import cannot_be_woken, overdue_seconds, untold_seconds
from intents.wire.errors import as_domain_error, envelope
from notifications.health import blocked_channels, unsent_seconds

FAULTS = (DomainError, OperationalError)


@dataclass(frozen=True)
class Engine:
    """Ages in seconds of the oldest row that each part should have handled by now."""

    overdue_seconds: float
    untold_seconds: float
    unsent_seconds: float
    cannot_be_woken: int
    blocked_channels: list[str]

    @property
    def is_late(self) -> bool:
        """True if something has been due for longer than ENGINE_LATE_SECONDS."""
        return max(self.overdue_seconds, self.untold_seconds, self.unsent_seconds) > settings.ENGINE_LATE_SECONDS


def engine() -> Engine:
    """The engine as of now, in six reads over partial indexes."""
    now = clock.now()
    return Engine(
        round(overdue_seconds(now), 3),
        round(untold_seconds(now), 3),
        round(unsent_seconds(now), 3),
        cannot_be_woken(),
        blocked_channels(now),
    )


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 once this process can serve: the database answers and has the tables that this code needs. Else 503."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        check_migrated()
    except FAULTS as error:
        return refusal(error)
    return JsonResponse({"ok": True})


@require_safe
def engine_health(request: HttpRequest) -> HttpResponse:
    """200 while nothing is late, else 503; the same figures either way."""
    try:
        found = engine()
    except FAULTS as error:
        return refusal(error)
    answer = {"ok": not found.is_late, "late_after_seconds": settings.ENGINE_LATE_SECONDS, **asdict(found)}
    return JsonResponse(answer, status=503 if found.is_late else 200)


@cache
def check_migrated() -> None:
    """Unready while tables are behind the code. Asked once it was right, it is not asked again."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unready("The database is behind this code: run manage.py migrate.")


def refusal(error: Exception) -> HttpResponse:
    """The envelope of one of `FAULTS`."""
    known = as_domain_error(error) or Unready("This process cannot serve.")
    return JsonResponse(envelope(known), status=known.status)
