"""One POST, one answer: nothing is followed, decoded, kept or tried again here.

httpcore reads no environment, knows no cookies and no redirects; what it connects to is pinned.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import httpcore
import httpx
from django.conf import settings

from notifications.outbound.lookup import NotFound, Resolver, look_up, system_resolver
from notifications.outbound.pinned import Budget, PinnedBackend
from notifications.outbound.target import Allowed, Target, read_url

AGENT = "Countersign"


class Unanswered(Exception):
    """No answer came, this time. Says why in words."""


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case. A long body is cut, a compressed one stays as it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Sends to public addresses over https, and to what `allowed` names. Safe to share among threads."""

    def __init__(
        self, allowed: Allowed | None = None, trust: ssl.SSLContext | None = None, resolver: Resolver = system_resolver
    ) -> None:
        self._allowed = allowed or Allowed()
        self._trust = trust or trusted_authorities("")
        self._resolver = resolver

    @classmethod
    def from_settings(cls) -> Client:
        """As the administrator has set it up."""
        return cls(Allowed(settings.OUTBOUND_ALLOWED_PRIVATE), trusted_authorities(settings.OUTBOUND_CA_FILE))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The receiver's answer, whatever its status. Unanswered, or Refused if nothing may ever be sent there."""
        target, budget = read_url(url, self._allowed), Budget()
        try:
            addresses = look_up(
                target.host,
                target.port,
                self._resolver,
                budget.seconds(connecting=True),
                allow_private=self._allowed.permits(target),
            )
            backend = PinnedBackend(addresses, budget)
            with httpcore.ConnectionPool(ssl_context=self._trust, network_backend=backend) as pool:
                return _exchange(pool, target, body, headers)
        except NotFound as error:
            raise Unanswered(f"No answer: {error}.") from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unanswered(f"No answer: {str(error) or type(error).__name__}.") from error


@cache
def trusted_authorities(ca_file: str) -> ssl.SSLContext:
    """The usual public authorities, and those of the file if one is named."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _exchange(pool: httpcore.ConnectionPool, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
    url = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path or b"/"
    )
    own = {"host": target.authority, "user-agent": AGENT, "accept-encoding": "identity", "connection": "close"}
    sent = [(name.encode(), value.encode()) for name, value in {**headers, **own}.items()]
    with pool.stream("POST", url, headers=[*sent, (b"content-length", b"%d" % len(body))], content=body) as response:
        text = _body(response)
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, names, text)


def _body(response: httpcore.Response) -> bytes:
    """As much as fits into the budget: the status is known already, and nobody needs the rest."""
    parts: list[bytes] = []
    with suppress(httpcore.NetworkError, httpcore.TimeoutException, httpcore.RemoteProtocolError):
        for part in response.iter_stream():
            parts.append(part)  # noqa: PERF402 - what came before a failure counts
    return b"".join(parts)
