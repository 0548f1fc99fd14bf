"""Publishing semantic schemas: versions are kept, one is active, and the mode says what a new one may change.

`strict`: nothing but words for people. `backward`: a new version takes all that the last one took. `warn`: anything.
The mode of the version that was active last decides, so that nobody gets around it by sending another one along.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db.models import Max, QuerySet

from intents import clock
from intents.digest import canonical
from intents.errors import Conflict, Forbidden, NotFound
from intents.jsonschemas.narrowing import narrowings, same_shape
from intents.models import Compatibility, SemanticSchema, Workspace
from intents.principal import Principal
from intents.services.changes import record_change
from intents.services.standing import is_admin, require_standing

STRICTNESS = {Compatibility.WARN.value: 0, Compatibility.BACKWARD.value: 1, Compatibility.STRICT.value: 2}
MOST_TYPES = 500
MOST_VERSIONS = 100


@dataclass(frozen=True)
class WantedSchema:
    """A schema that passed `check_schema`, and what it is for."""

    semantic_type: str
    schema: dict[str, Any]
    mode: str
    ref: str = ""
    active: bool = True

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical schema, in hex."""
        return sha256(canonical(self.schema)).hexdigest()


def publish(principal: Principal, wanted: WantedSchema) -> tuple[SemanticSchema, list[str]]:
    """The version, new or known, as it is now, and what a looser mode let pass. Call inside `durable()`.

    Conflict if the mode of the last active version does not allow it.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=require_standing(principal).pk)
    versions = SemanticSchema.objects.filter(workspace=workspace, semantic_type=wanted.semantic_type)
    last = versions.exclude(activated_at=None).order_by("activated_at").last()
    warnings = _check_compatible(last, wanted)
    _check_mode(principal, last, wanted)
    row = versions.filter(schema_hash=wanted.hash).first()
    if row is None:
        row = _new(workspace, versions, wanted, principal.actor)
    elif (row.is_active, row.compatibility_mode, row.schema_ref) == (wanted.active, wanted.mode, wanted.ref):
        return row, warnings
    _save(row, versions, wanted)
    if not workspace.has_schemas:
        Workspace.objects.filter(pk=workspace.pk).update(has_schemas=True)
    details = {"id": str(row.pk), "name": str(row), "before": None, "after": facts_of(row)}
    record_change(workspace.pk, "schema.published", principal.actor, details)
    return row, warnings


def schema_of(principal: Principal, semantic_type: str) -> SemanticSchema:
    """The active version, else the newest. NotFound if the workspace has none of this type."""
    rows = versions_of(principal, semantic_type)
    row = rows.filter(is_active=True).first() or rows.first()
    if row is None:
        raise NotFound("There is no schema of this type.")
    return row


def versions_of(principal: Principal, semantic_type: str) -> QuerySet[SemanticSchema]:
    """All versions of a type in the principal's workspace, the newest first."""
    rows = SemanticSchema.objects.filter(workspace_id=principal.workspace_id, semantic_type=semantic_type)
    return rows.order_by("-version")


def facts_of(row: SemanticSchema) -> dict[str, Any]:
    """A version as the record keeps it: by its hash."""
    return {
        "semantic_type": row.semantic_type,
        "version": row.version,
        "schema_hash": row.schema_hash,
        "compatibility_mode": row.compatibility_mode,
        "active": row.is_active,
    }


def _check_compatible(last: SemanticSchema | None, wanted: WantedSchema) -> list[str]:
    if last is None or last.schema_hash == wanted.hash or same_shape(last.schema, wanted.schema):
        return []
    changes = narrowings(last.schema, wanted.schema)
    if last.compatibility_mode == Compatibility.WARN:
        return [f"Not compatible with version {last.version}: {change}." for change in changes]
    if last.compatibility_mode == Compatibility.STRICT:
        words = f"{last} is strict: its shape never changes. Take a new type, such as the next .v of its name."
    elif changes:
        words = f"This takes less than {last}: {'; '.join(changes)}."
    else:
        return []
    details = {"version": last.version, "compatibility_mode": last.compatibility_mode, "changes": changes}
    raise Conflict(words, code="schema_incompatible", details=details)


def _check_mode(principal: Principal, last: SemanticSchema | None, wanted: WantedSchema) -> None:
    """A key that could loosen the mode first and publish then would be bound by no mode at all."""
    if last is not None and STRICTNESS[wanted.mode] < STRICTNESS[last.compatibility_mode] and not is_admin(principal):
        words = f"{last} is {last.compatibility_mode}; only an admin, by their own token, loosens that."
        raise Forbidden(words, code="admin_required")


def _new(workspace: Workspace, versions: QuerySet[SemanticSchema], wanted: WantedSchema, actor: str) -> SemanticSchema:
    number = (versions.aggregate(last=Max("version"))["last"] or 0) + 1
    types = SemanticSchema.objects.filter(workspace=workspace).values("semantic_type").distinct()
    if number > MOST_VERSIONS or (number == 1 and types.count() >= MOST_TYPES):
        words = f"A workspace has at most {MOST_TYPES} types with schemas, and a type {MOST_VERSIONS} versions."
        raise Conflict(words, code="too_many_schemas")
    now = clock.now()
    return SemanticSchema(
        workspace=workspace,
        semantic_type=wanted.semantic_type,
        version=number,
        schema=wanted.schema,
        schema_hash=wanted.hash,
        made_by=actor[:255],
        created_at=now,
        updated_at=now,
    )


def _save(row: SemanticSchema, versions: QuerySet[SemanticSchema], wanted: WantedSchema) -> None:
    now = clock.now()
    if wanted.active:
        versions.filter(is_active=True).exclude(pk=row.pk).update(is_active=False, updated_at=now)
        row.activated_at = row.activated_at if row.is_active else now
    row.is_active, row.compatibility_mode, row.schema_ref = wanted.active, wanted.mode, wanted.ref
    row.updated_at = now
    row.save()
