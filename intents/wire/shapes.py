"""JSON Schema in few words: how answers look. `named` shapes are the document's components."""

from __future__ import annotations

from typing import Any

from intents.agenthealth import STATES
from intents.lifecycle import Status

Shape = dict[str, Any]

COMPONENTS: dict[str, Shape] = {}

ANY: Shape = {}
ID: Shape = {"type": "string", "format": "uuid"}
TIME: Shape = {"type": "string", "format": "date-time"}
TEXT: Shape = {"type": "string"}
WHOLE: Shape = {"type": "integer"}
NUMBER: Shape = {"type": "number"}
FLAG: Shape = {"type": "boolean"}
YES: Shape = {"const": True}
MAP: Shape = {"type": "object", "additionalProperties": True}


def obj(*optional: str, **fields: Shape) -> Shape:
    """An object with these fields; all are always there but the `optional` ones."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, **({"required": required} if required else {})}


def many(items: Shape) -> Shape:
    """A list."""
    return {"type": "array", "items": items}


def one_of(*words: str) -> Shape:
    """One of these texts."""
    return {"type": "string", "enum": list(words)}


def maybe(shape: Shape) -> Shape:
    """The shape, or null."""
    if "type" in shape and "enum" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def named(name: str, shape: Shape) -> Shape:
    """A reference to the shape, which the document shows once."""
    COMPONENTS[name] = shape
    return {"$ref": f"#/components/schemas/{name}"}


TEXTS = many(TEXT)
STATUS = one_of(*Status.values)

REFUSAL = named(
    "Refusal",
    obj(
        "applied",
        "policy_generation",
        "reason",
        ok={"const": False},
        error=obj(code=TEXT, message=TEXT, details=MAP),
        detail=TEXT,
        applied={"const": False},
        policy_generation=WHOLE,
        reason=TEXT,
    ),
)
"""What every refusal says (intents.wire.errors). The optional fields only with `stale_policy_generation`."""

PENDING = named("PendingWith", obj("name", type=TEXT, ref=maybe(TEXT), name=TEXT))
PLANNED = named("PlannedStep", {**obj(step_id=TEXT, kind=TEXT, source=TEXT), "additionalProperties": True})
RECEIPT = named(
    "Receipt",
    obj(
        receipt_id=ID,
        executor=maybe(TEXT),
        issued_at=TIME,
        expires_at=TIME,
        redeemed_at=maybe(TIME),
        redeemed_by=maybe(TEXT),
        token=maybe(TEXT),
    ),
)
INTENT = named(
    "Intent",
    obj(
        intent_id=ID,
        status=STATUS,
        lifecycle_status=STATUS,
        legacy_status=TEXT,
        waiting_reason=maybe(TEXT),
        pending_with=maybe(PENDING),
        created_at=TIME,
        updated_at=TIME,
        deadline_at=TIME,
        due_at=maybe(TIME),
        intent_type=TEXT,
        correlation_id=TEXT,
        from_agent=TEXT,
        to_agent=TEXT,
        reply_to=maybe(TEXT),
        payload=MAP,
        human_task=maybe(MAP),
        remind_after_seconds=maybe(WHOLE),
        remind_interval_seconds=maybe(WHOLE),
        max_reminders=maybe(WHOLE),
        remind_count=WHOLE,
        escalate_to=maybe(TEXT),
        max_delivery_attempts=maybe(WHOLE),
        delivery_attempt=WHOLE,
        policy_generation=WHOLE,
        controls=MAP,
        checkpoints=MAP,
        grants=MAP,
        envelope=MAP,
        retry_of=maybe(ID),
        plan=many(PLANNED),
        plan_reasons=many(ANY),
        warnings=TEXTS,
        receipt=maybe(RECEIPT),
        result=maybe(MAP),
        purged_at=maybe(TIME),
    ),
)
NEW_INTENT = {
    "intent_id": ID,
    "status": STATUS,
    "created_at": TIME,
    "deadline_at": TIME,
    "plan": many(PLANNED),
    "warnings": TEXTS,
    "pending_with": maybe(PENDING),
}
APPLIED = {"gate_id": ID, "message": TEXT, "reason": TEXT}
"""What stands beside `applied` where it is known."""
EVENT = named(
    "Event",
    obj(
        intent_id=ID,
        seq=WHOLE,
        event_type=TEXT,
        status=STATUS,
        at=TIME,
        waiting_reason=maybe(TEXT),
        pending_with=maybe(PENDING),
        handler=maybe(TEXT),
        actor=TEXT,
        details=MAP,
    ),
)
LISTED = named(
    "ListedIntent",
    obj(intent_id=ID, status=STATUS, intent_type=TEXT, to_agent=TEXT, created_at=TIME, updated_at=TIME),
)
AGENT_FIELDS = {
    "address_id": ID,
    "address": TEXT,
    "service_account_id": maybe(ID),
    "service_account_name": maybe(TEXT),
    "display_name": TEXT,
    "status": one_of("active", "suspended"),
    "health": one_of(*STATES),
    "in_flight": WHOLE,
    "max_in_flight": WHOLE,
    "last_seen_at": maybe(TIME),
    "last_heartbeat_at": maybe(TIME),
    "killed_at": maybe(TIME),
    "killed_by": maybe(TEXT),
    "created_at": TIME,
}
AGENT = named("Agent", obj(**AGENT_FIELDS))
KEY = {
    "key_id": ID,
    "service_account_id": ID,
    "key_hint": TEXT,
    "status": one_of("active", "expired", "revoked"),
    "scopes": TEXTS,
    "types": TEXTS,
    "targets": TEXTS,
    "agent_address": maybe(TEXT),
    "owners": TEXTS,
    "made_by": maybe(ID),
    "replaces": maybe(ID),
    "last_used_at": maybe(TIME),
    "created_at": TIME,
    "expires_at": TIME,
    "revoked_at": maybe(TIME),
}
ACCOUNT = {
    "service_account_id": ID,
    "org_id": TEXT,
    "workspace_id": TEXT,
    "name": TEXT,
    "agent_address": maybe(TEXT),
    "address": maybe(TEXT),
    "status": TEXT,
    "owners": TEXTS,
    "made_by": maybe(ID),
    "created_at": TIME,
}
API_KEY = named("Key", obj(**KEY))
SERVICE_ACCOUNT = named("ServiceAccount", obj(**ACCOUNT))
