"""The addresses of the mail page, and of webhooks."""

from __future__ import annotations

from django.urls import include, path

from notifications import views
from notifications.account import views as account
from notifications.account.preferences import choose_channels
from notifications.bounces.views import mail_events
from notifications.deliverylog import gate_deliveries
from notifications.maillinks.views import by_mail, open_link
from notifications.previews import views as previews
from notifications.rehearsal.page import dry_run
from notifications.rehearsal.views import DryRunView

urlpatterns = [
    path("", include("notifications.slack.urls")),
    path("", include("notifications.webhooks.urls")),
    path("dry-run", dry_run, name="dry_run"),
    path("v1/dry-run", DryRunView.as_view()),
    path("by-mail", open_link, name="mail_link"),
    path("by-mail/<uuid:gate_id>", by_mail, name="by_mail"),
    path("mail-events/<slug:provider>", mail_events, name="mail_events"),
    path("account", account.account, name="account"),
    path("account/channels", choose_channels, name="account_channels"),
    path("account/void-links", account.void_links, name="account_void_links"),
    path("account/example", account.send_example, name="account_example"),
    path("gates/<uuid:gate_id>/deliveries", gate_deliveries, name="gate_deliveries"),
    path("setup/preview", previews.preview, name="preview"),
    path("setup/preview/<int:number>", previews.preview_html, name="preview_html"),
    path("mail", views.mailbox, name="mailbox"),
    path("mail/<int:mail_id>", views.mailbox_message, name="mailbox_message"),
    path("mail/<int:mail_id>/html", views.mailbox_html, name="mailbox_html"),
]
