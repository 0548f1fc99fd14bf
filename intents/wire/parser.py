"""Request bodies: strict JSON, whatever the content type says. An empty body is an empty object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from intents.errors import Malformed, TooLarge
from intents.strictjson import JsonRefused, parse

BODY_LIMIT = 512 * 1024


class StrictJSONParser(BaseParser):
    """Refuses what two readers could read differently (duplicate keys, NaN, huge numbers, lone surrogates)."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body as an object; Malformed (400) or TooLarge (413) with the place of the fault."""
        raw = stream.read(BODY_LIMIT + 1)
        if len(raw) > BODY_LIMIT:
            raise TooLarge("The body is larger than 512 KiB.", code="body_too_large")
        if not raw.strip():
            return {}
        try:
            value = parse(raw, max_bytes=BODY_LIMIT)
        except JsonRefused as error:
            raise Malformed(str(error), code=error.code) from error
        if not isinstance(value, dict):
            raise Malformed("The body must be a JSON object.", code="json_invalid")
        return value
