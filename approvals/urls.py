"""Paths of people's answers over the API, and of the pages."""

from django.urls import include, path

from approvals.views.absenceapi import AbsencesView, AbsenceView
from approvals.views.actsapi import (
    AnswerView,
    AskView,
    BreakGlassView,
    ClaimView,
    DelegateView,
    EscalateView,
    ExtendView,
    ReleaseView,
    UndelegateView,
)
from approvals.views.api import DecisionView, TasksView
from approvals.views.changesapi import AmendView, EditView
from approvals.views.retrying import RetryView
from approvals.views.rules import RulesView
from approvals.views.scheduleapi import OnCallView, SchedulesView

urlpatterns = [
    path("v1/me/tasks", TasksView.as_view()),
    path("v1/me/absences", AbsencesView.as_view()),
    path("v1/me/absences/<str:absence_id>", AbsenceView.as_view()),
    path("v1/schedules", SchedulesView.as_view()),
    path("v1/schedules/<str:name>/on-call", OnCallView.as_view()),
    path("v1/approvals/<str:gate_id>/decision", DecisionView.as_view()),
    path("v1/gates/<str:gate_id>/ask", AskView.as_view()),
    path("v1/gates/<str:gate_id>/answer", AnswerView.as_view()),
    path("v1/gates/<str:gate_id>/claim", ClaimView.as_view()),
    path("v1/gates/<str:gate_id>/release", ReleaseView.as_view()),
    path("v1/gates/<str:gate_id>/delegate", DelegateView.as_view()),
    path("v1/gates/<str:gate_id>/undelegate", UndelegateView.as_view()),
    path("v1/gates/<str:gate_id>/escalate", EscalateView.as_view()),
    path("v1/gates/<str:gate_id>/extend", ExtendView.as_view()),
    path("v1/gates/<str:gate_id>/break-glass", BreakGlassView.as_view()),
    path("v1/gates/<str:gate_id>/edit", EditView.as_view()),
    path("v1/intents/<str:handle>/amend", AmendView.as_view()),
    path("v1/rules", RulesView.as_view()),
    path("v1/intents/<str:handle>/retry", RetryView.as_view()),
    path("", include("approvals.pageurls")),
]
