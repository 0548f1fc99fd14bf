"""All paths: the AXP wire, the pages, the admin."""

from django.contrib import admin
from django.urls import include, path, re_path

from config import health, metrics
from intents.views.health import UnknownView

handler400 = "config.faults.bad_request"

urlpatterns = [
    path("", include("intents.urls")),
    path("", include("approvals.urls")),
    path("", include("notifications.urls")),
    path("health/ready", health.ready),
    path("health/engine", health.engine_health),
    path("metrics", metrics.metrics),
    path("admin/", admin.site.urls),
    re_path(r"^v1(/|$)", UnknownView.as_view()),
]
