"""`/v1/schemas`: what the payloads of intent types must look like."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.services.schemas import publish, schema_of, versions_of
from intents.services.standing import require_standing
from intents.views.base import ApiView, body_of
from intents.wire.schemas import read_schema, schema_json


class SchemasView(ApiView):
    """Publish a version."""

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

    def get(self, request: Request, semantic_type: str) -> Response:
        """The active version with its schema, and all versions, the newest first."""
        row = schema_of(self.principal, semantic_type)
        versions = [schema_json(each) for each in versions_of(self.principal, semantic_type).defer("schema")]
        return Response({"ok": True, "schema": {**schema_json(row), "schema_json": row.schema, "versions": versions}})
