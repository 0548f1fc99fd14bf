"""The addresses of webhooks on the wire."""

from __future__ import annotations

from django.urls import path

from notifications.webhooks.views import ReplayView, SubscriptionsView, SubscriptionView, WebhookEventsView

urlpatterns = [
    path("v1/webhooks/subscriptions", SubscriptionsView.as_view()),
    path("v1/webhooks/subscriptions/<str:subscription_id>", SubscriptionView.as_view()),
    path("v1/webhooks/events", WebhookEventsView.as_view()),
    path("v1/webhooks/events/<str:event_id>/replay", ReplayView.as_view()),
]
