"""What all API views share: who may call, how often, idempotent effects."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any, ClassVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from intents.errors import Invalid, Malformed, Unauthenticated
from intents.limits import MINUTES, Standing, stranger
from intents.metrics import REQUESTS
from intents.models import Intent, Step
from intents.principal import Principal
from intents.selectors import check_not_killed, intent_by_handle
from intents.services.handout import renew_lease
from intents.services.idempotency import Effect, Kept, once
from intents.views.endpoint import Endpoint


class ApiView(APIView):
    """Answers are JSON objects with `ok`; errors are the envelope.

    `api` declares each method (docs/contributing.md, "Adding an endpoint"). One that is not declared cannot be routed.
    """

    api: ClassVar[dict[str, Endpoint]] = {}
    metadata_class = None  # OPTIONS is 405
    standing: Standing | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Refuses at start what nobody has said who may call."""
        methods = {name.upper() for name in cls.http_method_names if hasattr(cls, name)} - {"OPTIONS"}
        if methods != set(cls.api):
            raise ImproperlyConfigured(
                f"{cls.__name__}.api declares {sorted(cls.api)}, but it has {sorted(methods)}: "
                'see "Adding an endpoint" in docs/contributing.md.'
            )
        return super().as_view(**initkwargs)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Note when it began."""
        self._begun = perf_counter()
        return super().dispatch(request, *args, **kwargs)

    open_to_killed = False
    """True where an agent that was stopped may still call."""

    @property
    def principal(self) -> Principal:
        """Who is asking."""
        return cast("Principal", self.request.auth)

    @property
    def endpoint(self) -> Endpoint | None:
        """What was declared for this request's method; None means 405."""
        method = self.request.method or ""
        return self.api.get("GET" if method == "HEAD" else method)

    @property
    def allowed_methods(self) -> list[str]:
        """What 405 names."""
        return sorted({*self.api, *(("HEAD",) if "GET" in self.api else ())})

    def get_authenticators(self) -> list[Any]:
        """Where anybody may call, no credential is looked at."""
        public = self.endpoint is not None and self.endpoint.access.public
        return [] if public else super().get_authenticators()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """The credential, how often it called, and its right to call, before anything else."""
        super().initial(request, *args, **kwargs)
        check_texts(request, kwargs)
        endpoint = self.endpoint
        if endpoint is not None and not endpoint.access.public:
            if endpoint.limited:
                self._stand(MINUTES.count(self.principal.name, f"{request.method} {type(self).__name__}"))
            endpoint.access.check(self.principal)
            if not self.open_to_killed:
                check_not_killed(self.principal)

    def perform_authentication(self, request: Request) -> None:
        """Whoever keeps coming without a good credential is counted, and others are not held up by that."""
        try:
            super().perform_authentication(request)
        except Unauthenticated:
            self._stand(stranger(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")))
            raise

    def _stand(self, standing: Standing | None) -> None:
        self.standing = standing
        if standing is not None:
            standing.check()

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        """With how the caller stands; and nothing is for a cache."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self.standing.headers() if self.standing else {}).items():
            answer[name] = value
        answer["Cache-Control"] = "no-store"
        self._observe(request, answer.status_code)
        return answer

    def _observe(self, request: Any, status: int) -> None:
        """The route, never the path: ids would make a series each."""
        route = request.resolver_match.route if request.resolver_match else "?"
        method = request.method if self.endpoint else "other"  # a method may be any word
        REQUESTS.labels(method, route, status).observe(perf_counter() - self._begun)

    def once(self, request: Request, endpoint: str, effect: Effect, kept: Kept = dict, key: str = "") -> Response:
        """Run an effect under the request's idempotency key, if it sent one. A replay shows what `kept` leaves."""
        key = request.headers.get("Idempotency-Key", key)
        return Response(once(self.principal, endpoint, key, body_of(request), effect, kept=kept))

    def find(self, handle: str) -> tuple[Intent, Step | None]:
        """The intent in the path. A call by the agent that holds it renews its lease."""
        check_owner(self.request)
        intent, step = intent_by_handle(self.principal, handle)
        agent = self.principal.agent
        if agent is not None and step is not None and self.request.method == "GET":
            renew_lease(step, agent)
            intent.refresh_from_db()
        return intent, step


def body_of(request: Request) -> dict[str, Any]:
    """The parsed body; only objects get past the parser."""
    data = request.data
    if not isinstance(data, dict):
        raise Malformed("The body must be a JSON object.", code="json_invalid")
    return data


def check_texts(request: Request, named: dict[str, Any]) -> None:
    """U+0000 stands in no path and no query, as in no body: PostgreSQL cannot even look for it."""
    if any("\0" in text for text in (*map(str, named.values()), *request.GET.values())):
        raise Malformed("The path and the query cannot hold U+0000.", code="invalid_parameter")


def query_int(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query string within bounds; Invalid otherwise."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise Invalid(f"{name} must be a whole number from {least} to {most}.", code="invalid_parameter")
    return int(text)


def query_moment(request: Request, name: str) -> datetime | None:
    """A moment with its zone of the query string; Invalid if it is none."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = parse_datetime(text.replace(" ", "+"))  # an unencoded + in a query arrives as a space
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(f"{name} must be a moment with its zone, such as 2026-03-02T12:00:00Z.", code="invalid_parameter")
    return moment


def check_owner(request: Request) -> None:
    """`owner_agent` may come twice, but not as two different ones (400)."""
    query, header = request.query_params.get("owner_agent"), request.headers.get("X-Owner-Agent")
    if query and header and query != header:
        raise Malformed("owner_agent in the query and x-owner-agent differ.", code="owner_mismatch")
