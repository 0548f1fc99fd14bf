"""A good body for each endpoint that takes one, for tests that break it. Without one it is broken from `{}`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.acts import bundle, signoff

ASKED = "01a1f92d-e9eb-75f8-8df1-45dd347fd15f"
"""The id of a question on the gate."""

GOOD: dict[str, dict[str, Any]] = {
    "POST /v1/intents": {
        "intent_type": "intent.infra.change.v1",
        "to_agent": "infra-validator",
        "payload": {"target": "prod"},
    },
    "POST /v1/intents/bulk-cancel": {"dry_run": True},
    "POST /v1/intents/{handle}/resume": {},
    "POST /v1/intents/{handle}/amend": {"payload": {"target": "stage"}, "reason": "stage first"},
    "POST /v1/intents/{handle}/resolve": {"status": "CANCELED"},
    "POST /v1/intents/{handle}/controls": {"controls_patch": {"a": 1}},
    "POST /v1/intents/{handle}/policy": {"envelope_patch": {"a": 1}},
    "POST /v1/intents/{handle}/retry": {},
    "POST /v1/gates/{gate_id}/edit": {"changes": {"payload.count": 1}, "reason": "fewer", "digest": "sha256:0"},
    "POST /v1/approvals/{gate_id}/decision": {"decision": "approve"},
    "POST /v1/me/absences": {
        "starts_at": None,
        "ends_at": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
        "delegate": "bo@acme.example",
    },
    "POST /v1/gates/{gate_id}/ask": {"text": "Which customers see this?"},
    "POST /v1/gates/{gate_id}/answer": {"question_id": ASKED, "text": "All of them."},
    "POST /v1/gates/{gate_id}/claim": {},
    "POST /v1/gates/{gate_id}/release": {},
    "POST /v1/gates/{gate_id}/delegate": {"to": "bo@acme.example"},
    "POST /v1/gates/{gate_id}/extend": {"seconds": 600, "reason": "Ana is on a train."},
    "POST /v1/gates/{gate_id}/break-glass": {"reason": "The database is down."},
    "POST /v1/inbox/{thread_id}/reply": {"message": "thanks"},
    "POST /v1/inbox/{thread_id}/approve": {"comment": "fine"},
    "POST /v1/inbox/{thread_id}/reject": {"comment": "not today"},
    "POST /v1/inbox/{thread_id}/messages/delete": {"mode": "self"},
    "POST /v1/inbox/{thread_id}/read": {},
    "POST /v1/scenarios/apply": bundle(signoff()),
    "POST /v1/scenarios/validate": bundle(signoff()),
    "POST /v1/service-accounts": {"name": "deployer"},
    "POST /v1/service-accounts/{account_id}/keys": {"scopes": ["send"], "types": ["*"], "targets": ["*"]},
    "POST /v1/service-accounts/{account_id}/keys/{key_id}/revoke": {},
    "POST /v1/service-accounts/{account_id}/keys/{key_id}/rotate": {"grace_seconds": 60},
    "POST /v1/schemas": {
        "semantic_type": "intent.infra.change.v1",
        "schema_json": {"type": "object", "properties": {"target": {"type": "string"}}},
        "compatibility_mode": "strict",
    },
    "POST /v1/webhooks/subscriptions": {
        "callback_url": "https://hooks.acme.example/out",
        "event_types": ["deploy.*"],
        "secret": "sixteen letters or more",
    },
    "POST /v1/webhooks/events": {"event_type": "deploy.done", "source": "ci", "payload": {"number": 1}},
    "POST /v1/rules": {"yaml": "settings: {unmatched: gate}", "dry_run": True},
    "POST /v1/dry-run": {
        "intent": {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}},
        "at": "Sunday 03:00",
        "acts": [{"after": "+5m", "who": "ana@acme.example", "does": "approve"}],
    },
    "POST /v1/mesh/heartbeat": {"metrics": {"intents_total": 1}},
    "POST /v1/mesh/agents/{address_id}/kill": {},
    "POST /v1/mesh/agents/{address_id}/resume": {},
}
