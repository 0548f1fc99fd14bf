"""The OpenAPI document: drf-spectacular walks the routes, and each view's `api` says the rest."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Literal, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from intents.wire.shapes import COMPONENTS, TEXT, WHOLE

KEY, BEARER = "ApiKey", "Bearer"
SECURITY = {
    KEY: {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A program's key: `csk_…`."},
    BEARER: {"type": "http", "scheme": "bearer", "description": "A person's token: `cst_…`, or a program's key."},
}
LIMIT_HEADERS = {
    "X-RateLimit-Limit": "Requests per minute.",
    "X-RateLimit-Remaining": "How many are left.",
    "X-RateLimit-Reset": "When the minute ends, in seconds since 1970.",
}
SENTENCES = {
    400: "Malformed: the message names the place.",
    401: "No credential, or one that is unknown, expired or revoked.",
    403: "This credential may not do this.",
    404: "Unknown here; what belongs to another workspace looks the same.",
    408: "The body did not arrive in time.",
    409: "It has moved on, or the idempotency key was used for another body.",
    413: "Too large.",
    422: "Understood, but against a rule; `details.fields` may name the fields.",
    429: "Too many: wait for `Retry-After` seconds.",
    501: "This web server does not stream.",
    503: "Busy, nothing was changed: ask again after `Retry-After` seconds.",
}


class DeclaredSchema(AutoSchema):
    """One operation, from the declaration of the view's method."""

    @property
    def endpoint(self) -> Any:
        """The view's declaration."""
        return cast(Any, self.view).api[self.method]

    def get_operation_id(self) -> str:
        """Unique, as path and method are."""
        words = [word.strip("{}") for word in self.path.split("/") if word and word != "v1"]
        return "_".join([self.method.lower(), *words]).replace("-", "_")

    def get_summary(self) -> str:
        """The first line of the method's docstring."""
        return self._words(self._method).split("\n", maxsplit=1)[0]

    def get_description(self) -> str:  # type: ignore[override]
        """What the class is about, and then the rest of the method's docstring."""
        return "\n\n".join([self._words(self.view), *self._words(self._method).split("\n\n")[1:]])

    @property
    def _method(self) -> Any:
        return getattr(self.view, self.method.lower())

    def _words(self, thing: Any) -> str:
        return cleandoc(thing.__doc__ or "")

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Either credential, or both, as far as the endpoint is open to them."""
        access = self.endpoint.access
        names = [] if access.public else [KEY, BEARER] if access.scopes else [BEARER]
        return [{name: []} for name in names]

    def get_override_parameters(self) -> list[Any]:
        """Path, query, and the headers that every request may have."""
        path = [word.strip("{}") for word in self.path.split("/") if word.startswith("{")]
        found = [_parameter(name, TEXT, "path") for name in path]
        found += [_parameter(name, shape, "query") for name, shape in self.endpoint.query.items()]
        if self.endpoint.takes_key(self.method):
            found.append(_parameter("Idempotency-Key", {**TEXT, "minLength": 1, "maxLength": 255}, "header"))
        return found

    def get_request_serializer(self) -> Any:
        """The form, as JSON."""
        return {"application/json": self.endpoint.body} if self.endpoint.body else None

    def get_response_serializers(self) -> Any:
        """All statuses; a refusal is JSON also where the answer is not."""
        shapes = self.endpoint.statuses(self.method, self.path)
        return {
            (code, self.endpoint.media_type if code == 200 else "application/json"): s for code, s in shapes.items()
        }

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """With a sentence for each status, and the headers of the limit."""
        operation: Any = super().get_operation(*args, **kwargs)
        for code, response in operation["responses"].items():
            response["description"] = SENTENCES.get(int(code), "Done.")
        if self.endpoint.limited and not self.endpoint.access.public:
            headers = {name: {"schema": WHOLE, "description": words} for name, words in LIMIT_HEADERS.items()}
            operation["responses"]["200"]["headers"] = headers
        return operation


def no_request(*args: Any) -> None:
    """The document is the same for everybody (settings: SPECTACULAR_SETTINGS)."""


def add_components(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """The named shapes and the credentials (settings: SPECTACULAR_SETTINGS)."""
    components = result.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **COMPONENTS}.items()))
    components["securitySchemes"] = SECURITY
    return result


def _parameter(name: str, shape: Any, place: Literal["path", "query", "header"]) -> OpenApiParameter:
    return OpenApiParameter(name, shape, place, required=place == "path")
