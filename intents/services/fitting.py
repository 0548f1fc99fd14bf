"""Whether a payload fits the active schema of its type. Asked before any lock; nothing is fetched."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from intents.errors import DomainError, Invalid
from intents.jsonschemas.validation import validate
from intents.models import Compatibility, SemanticSchema, Workspace
from intents.principal import Principal
from intents.strictjson import MAX_BYTES, MAX_NODES


@dataclass(frozen=True)
class Fit:
    """`fault` refuses the request (422 `schema_invalid`); `warnings` only say what does not fit."""

    fault: DomainError | None = None
    warnings: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise the fault, if there is one."""
        if self.fault is not None:
            raise self.fault


def fit_of(principal: Principal, intent_type: str, payload: dict[str, Any]) -> Fit:
    """What the workspace's schema of this type says about the payload. One without a schema always fits."""
    return fit_in(principal.key.workspace, intent_type, payload) if principal.key is not None else Fit()


def fit_in(workspace: Workspace, intent_type: str, payload: dict[str, Any]) -> Fit:
    """The same, whoever asks."""
    if not workspace.has_schemas:
        return Fit()
    row = active_schema(workspace.pk, intent_type)
    errors = validate(row.schema, payload, MAX_BYTES, MAX_NODES) if row is not None else []
    if row is None or not errors:
        return Fit()
    fields = {f"payload.{error.path}".rstrip("."): error.message for error in errors}
    words = [f"{path}: {message}" for path, message in fields.items()]
    if row.compatibility_mode == Compatibility.WARN:
        return Fit(warnings=[f"{each} (schema {row})." for each in words])
    details = {"fields": fields, "semantic_type": row.semantic_type, "version": row.version}
    return Fit(Invalid("; ".join(words), code="schema_invalid", details=details))


def active_schema(workspace_id: uuid.UUID, semantic_type: str) -> SemanticSchema | None:
    """The version that payloads of this type have to fit, if any."""
    return SemanticSchema.objects.filter(workspace_id=workspace_id, semantic_type=semantic_type, is_active=True).first()
