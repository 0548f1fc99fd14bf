"""Who is asking: a machine by its key, a person by a session or token, or both."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from intents.errors import Forbidden
from intents.models import Agent, ApiKey, Intent


@dataclass(frozen=True)
class PersonRef:
    """A person as the lower app sees them."""

    id: str
    email: str
    name: str
    can_decide: bool
    is_admin: bool


@dataclass(frozen=True)
class Principal:
    """At least one of `key` and `person` is set; both are of `workspace_id`."""

    workspace_id: uuid.UUID
    key: ApiKey | None = None
    person: PersonRef | None = None

    @property
    def name(self) -> str:
        """The owner of idempotency keys: the person here if there is one, else the machine's line of keys."""
        if self.person:
            return f"person:{self.person.id}@{self.workspace_id.hex}"
        return f"key:{self.key.line if self.key else ''}"

    @property
    def actor(self) -> str:
        """How the history names this principal."""
        if self.person:
            return f"person:{self.person.email}"
        if self.agent:
            return self.agent.address
        return f"key:{self.key.service_account.name}" if self.key else "unknown"

    @property
    def agent(self) -> Agent | None:
        """The agent that a `work` key is bound to."""
        return self.key.agent if self.key else None

    def sent(self, intent: Intent) -> bool:
        """True if this key, or one that it replaced, sent the intent."""
        if self.key is None:
            return False
        return self.key.pk == intent.sender_id or (
            self.key.first_id is not None and self.key.line == intent.sender.line
        )

    def has(self, scope: str) -> bool:
        """True if the machine's key carries this scope."""
        return self.key is not None and scope in self.key.scopes

    def require(self, scope: str) -> ApiKey:
        """The machine's key; Forbidden if there is none or it lacks the scope."""
        if self.key is None or scope not in self.key.scopes:
            raise Forbidden(f"This needs an API key with the scope '{scope}'.", code="invalid_scope")
        return self.key
