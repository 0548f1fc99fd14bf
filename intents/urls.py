"""The AXP paths, exact and without trailing slashes: stock clients follow no redirect."""

from django.urls import path, re_path

from intents.views.accounts import AccountsView, AccountView, KeysView, RevokeView, RotateView
from intents.views.agents import AgentsView, AgentView
from intents.views.audit import AuditView
from intents.views.bulk import BulkCancelView
from intents.views.capabilities import CapabilitiesView
from intents.views.document import DocumentView, reading_page
from intents.views.health import HealthView
from intents.views.history import ExportView
from intents.views.inbox import (
    ChangesView,
    DecideView,
    DelegateView,
    DeleteMessagesView,
    InboxView,
    ReadView,
    ReplyView,
    ThreadView,
)
from intents.views.intents import EventsView, IntentsView, IntentView, ResolveView, ResumeView
from intents.views.mesh import (
    HeartbeatView,
    KillView,
    MeshAgentsView,
    MeshAgentView,
    MeshEventsView,
    MeshResumeView,
)
from intents.views.patches import ControlsView, PolicyView
from intents.views.receipts import JwksView, RedeemView
from intents.views.scenarios import ApplyView, ValidateView
from intents.views.schemas import SchemasView, SchemaView
from intents.views.streams import EventStreamView, WorkStreamView

urlpatterns = [
    path("health", HealthView.as_view()),
    path(".well-known/countersign/jwks.json", JwksView.as_view()),
    path("docs/api", reading_page, name="api_docs"),
    path("v1/openapi.json", DocumentView.as_view(), name="api_document"),
    path("v1/capabilities", CapabilitiesView.as_view()),
    path("v1/intents", IntentsView.as_view()),
    path("v1/intents/bulk-cancel", BulkCancelView.as_view()),
    path("v1/intents/<str:handle>", IntentView.as_view()),
    path("v1/intents/<str:handle>/events", EventsView.as_view()),
    path("v1/intents/<str:handle>/events/stream", EventStreamView.as_view()),
    path("v1/intents/<str:handle>/resume", ResumeView.as_view()),
    path("v1/intents/<str:handle>/resolve", ResolveView.as_view()),
    path("v1/intents/<str:handle>/controls", ControlsView.as_view()),
    path("v1/intents/<str:handle>/policy", PolicyView.as_view()),
    path("v1/inbox", InboxView.as_view()),
    path("v1/inbox/changes", ChangesView.as_view()),
    path("v1/inbox/<str:thread_id>", ThreadView.as_view()),
    path("v1/inbox/<str:thread_id>/reply", ReplyView.as_view()),
    path("v1/inbox/<str:thread_id>/delegate", DelegateView.as_view()),
    path("v1/inbox/<str:thread_id>/approve", DecideView.as_view(verb="approve")),
    path("v1/inbox/<str:thread_id>/reject", DecideView.as_view(verb="reject")),
    path("v1/inbox/<str:thread_id>/messages/delete", DeleteMessagesView.as_view()),
    path("v1/inbox/<str:thread_id>/read", ReadView.as_view()),
    path("v1/history/export", ExportView.as_view()),
    path("v1/receipts/redeem", RedeemView.as_view()),
    path("v1/scenarios/apply", ApplyView.as_view()),
    path("v1/scenarios/validate", ValidateView.as_view()),
    path("v1/schemas", SchemasView.as_view()),
    path("v1/schemas/<str:semantic_type>", SchemaView.as_view()),
    path("v1/service-accounts", AccountsView.as_view()),
    path("v1/service-accounts/<str:account_id>", AccountView.as_view()),
    path("v1/service-accounts/<str:account_id>/keys", KeysView.as_view()),
    path("v1/service-accounts/<str:account_id>/keys/<str:key_id>/revoke", RevokeView.as_view()),
    path("v1/service-accounts/<str:account_id>/keys/<str:key_id>/rotate", RotateView.as_view()),
    path("v1/mesh/heartbeat", HeartbeatView.as_view()),
    path("v1/mesh/events", MeshEventsView.as_view()),
    path("v1/mesh/agents", MeshAgentsView.as_view()),
    path("v1/mesh/agents/<path:address_id>/kill", KillView.as_view()),
    path("v1/mesh/agents/<path:address_id>/resume", MeshResumeView.as_view()),
    path("v1/mesh/agents/<path:address_id>", MeshAgentView.as_view()),
    path("v1/audit/events", AuditView.as_view()),
    path("v1/agents", AgentsView.as_view()),
    path("v1/agents/<path:address>/intents/stream", WorkStreamView.as_view()),
    re_path(r"^v1/agents/(?P<address>.+)$", AgentView.as_view()),
]
