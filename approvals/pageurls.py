"""Paths of the pages."""

from django.urls import path

from approvals.views.absence import absence_page, accept_absence_on_page, end_absence_on_page
from approvals.views.acts import ACTS, act_on_page
from approvals.views.amending import amend_on_page
from approvals.views.answering import decide_on_page, take_back_on_page, withdraw_on_page
from approvals.views.gate import gate, gate_live
from approvals.views.inbox import home, inbox, inbox_live
from approvals.views.intentpage import intent_page
from approvals.views.retrying import retry_on_page
from approvals.views.signin import sign_in, sign_out
from approvals.views.welcome import welcome

urlpatterns = [
    path("", home, name="home"),
    path("sign-in", sign_in, name="sign_in"),
    path("sign-out", sign_out, name="sign_out"),
    path("welcome/<str:token>", welcome, name="welcome"),
    path("account/absence", absence_page, name="absence"),
    path("account/absence/<uuid:absence_id>", end_absence_on_page, name="end_absence"),
    path("account/absence/<uuid:absence_id>/accept", accept_absence_on_page, name="accept_absence"),
    path("inbox", inbox, name="inbox"),
    path("inbox/live", inbox_live, name="inbox_live"),
    path("gates/<uuid:gate_id>", gate, name="gate"),
    path("gates/<uuid:gate_id>/live", gate_live, name="gate_live"),
    path("gates/<uuid:gate_id>/decide", decide_on_page, name="decide"),
    path("gates/<uuid:gate_id>/take-back", take_back_on_page, name="take_back"),
    *(path(f"gates/<uuid:gate_id>/{act}", act_on_page, {"act": act}, name=f"act_{act}") for act in ACTS),
    path("intents/<uuid:intent_id>", intent_page, name="intent"),
    path("intents/<uuid:intent_id>/amend", amend_on_page, name="amend"),
    path("intents/<uuid:intent_id>/retry", retry_on_page, name="retry"),
    path("intents/<uuid:intent_id>/withdraw", withdraw_on_page, name="withdraw"),
]
