"""The AXP paths, exact and without trailing slashes: stock clients follow no redirect."""

from django.urls import path, re_path

from intents.views.agents import AgentsView, AgentView
from intents.views.health import HealthView
from intents.views.intents import EventsView, IntentsView, IntentView, ResolveView, ResumeView
from intents.views.scenarios import ApplyView, ValidateView

urlpatterns = [
    path("health", HealthView.as_view()),
    path("v1/intents", IntentsView.as_view()),
    path("v1/intents/<str:handle>", IntentView.as_view()),
    path("v1/intents/<str:handle>/events", EventsView.as_view()),
    path("v1/intents/<str:handle>/resume", ResumeView.as_view()),
    path("v1/intents/<str:handle>/resolve", ResolveView.as_view()),
    path("v1/scenarios/apply", ApplyView.as_view()),
    path("v1/scenarios/validate", ValidateView.as_view()),
    path("v1/agents", AgentsView.as_view()),
    re_path(r"^v1/agents/(?P<address>.+)$", AgentView.as_view()),
]
