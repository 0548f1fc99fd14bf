"""All paths: the AXP wire, the pages, the admin."""

from django.contrib import admin
from django.urls import include, path, re_path

from intents.views.health import UnknownView

urlpatterns = [
    path("", include("intents.urls")),
    path("", include("approvals.urls")),
    path("", include("notifications.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^v1(/|$)", UnknownView.as_view()),
]
