"""The addresses of the mail page, and of webhooks."""

from __future__ import annotations

from django.urls import include, path

from notifications import views
from notifications.bounces.views import mail_events
from notifications.maillinks.views import by_mail, open_link
from notifications.rehearsal.views import DryRunView

urlpatterns = [
    path("", include("notifications.slack.urls")),
    path("", include("notifications.webhooks.urls")),
    path("v1/dry-run", DryRunView.as_view()),
    path("by-mail", open_link, name="mail_link"),
    path("by-mail/<uuid:gate_id>", by_mail, name="by_mail"),
    path("mail-events/<slug:provider>", mail_events, name="mail_events"),
    path("mail", views.mailbox, name="mailbox"),
    path("mail/<int:mail_id>", views.mailbox_message, name="mailbox_message"),
    path("mail/<int:mail_id>/html", views.mailbox_html, name="mailbox_html"),
]
