"""`/v1/schemas`: what the payloads of intent types must look like."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON, PROVISION_OR_ADMIN
from intents.models import Compatibility
from intents.services.schemas import publish, schema_of, versions_of
from intents.services.standing import require_standing
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.schemas import NewSchema, read_schema, schema_json
from intents.wire.shapes import FLAG, MAP, TEXT, TEXTS, TIME, WHOLE, many, maybe, named, obj, one_of

FIELDS = {
    "semantic_type": TEXT,
    "version": WHOLE,
    "schema_ref": maybe(TEXT),
    "schema_hash": TEXT,
    "compatibility_mode": one_of(*Compatibility.values),
    "scope": TEXT,
    "owner_agent": TEXT,
    "active": FLAG,
    "created_at": TIME,
    "updated_at": TIME,
}
SCHEMA = named("Schema", obj(**FIELDS))
FULL_SCHEMA = named("FullSchema", obj(**FIELDS, schema_json=MAP, versions=many(SCHEMA)))


class SchemasView(ApiView):
    """Publish a version."""

    api = {"POST": Endpoint(PROVISION_OR_ADMIN, {"schema": SCHEMA, "warnings": TEXTS}, NewSchema)}

    def post(self, request: Request) -> Response:
        """The same schema again is the same version; with `active` false it no longer counts."""
        require_standing(self.principal)
        wanted, warnings = read_schema(body_of(request))

        def effect() -> dict[str, Any]:
            row, more = publish(self.principal, wanted)
            return {"ok": True, "schema": schema_json(row), "warnings": [*warnings, *more]}

        return self.once(request, "POST /v1/schemas", effect)


class SchemaView(ApiView):
    """One type."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"schema": FULL_SCHEMA})}

    def get(self, request: Request, semantic_type: str) -> Response:
        """The active version with its schema, and all versions, the newest first."""
        row = schema_of(self.principal, semantic_type)
        versions = [schema_json(each) for each in versions_of(self.principal, semantic_type).defer("schema")]
        return Response({"ok": True, "schema": {**schema_json(row), "schema_json": row.schema, "versions": versions}})
