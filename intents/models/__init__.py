"""Rows of the intents app."""

from intents.models.chain import CheckpointCursor, WorkspaceChain, WorkspaceEntry
from intents.models.event import Event, EventText, IdempotencyRecord, Outbox
from intents.models.intent import Intent, IntentTexts, Step, StepResult
from intents.models.thread import Inbox, Thread, ThreadEntry, ThreadMessage, ThreadReader
from intents.models.workspace import Agent, ApiKey, ServiceAccount, Workspace

__all__ = [
    "Agent",
    "ApiKey",
    "CheckpointCursor",
    "Event",
    "EventText",
    "IdempotencyRecord",
    "Inbox",
    "Intent",
    "IntentTexts",
    "Outbox",
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
