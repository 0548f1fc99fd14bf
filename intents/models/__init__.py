"""Rows of the intents app."""

from intents.models.chain import CheckpointCursor, WorkspaceChain, WorkspaceEntry
from intents.models.event import Event, EventText, IdempotencyRecord, Outbox
from intents.models.intent import Intent, IntentTexts, Step, StepResult
from intents.models.mesh import AgentMetrics
from intents.models.payload import Change, FormerPayload
from intents.models.receipt import Receipt, Redemption
from intents.models.schema import Compatibility, SemanticSchema
from intents.models.thread import Inbox, Thread, ThreadEntry, ThreadMessage, ThreadReader
from intents.models.workspace import Agent, ApiKey, ServiceAccount, Workspace

__all__ = [
    "Agent",
    "AgentMetrics",
    "ApiKey",
    "Change",
    "CheckpointCursor",
    "Compatibility",
    "Event",
    "EventText",
    "FormerPayload",
    "IdempotencyRecord",
    "Inbox",
    "Intent",
    "IntentTexts",
    "Outbox",
    "Receipt",
    "Redemption",
    "SemanticSchema",
    "ServiceAccount",
    "Step",
    "StepResult",
    "Thread",
    "ThreadEntry",
    "ThreadMessage",
    "ThreadReader",
    "Workspace",
    "WorkspaceChain",
    "WorkspaceEntry",
]
