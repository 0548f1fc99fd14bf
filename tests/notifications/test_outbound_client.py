"""The way out, over real sockets: pinned, checked, unredirected, and never for long."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifications.outbound import Allowed, Client, Refused, Unanswered, pinned
from notifications.outbound.client import trusted_authorities
from tests.fakes.authority import Authority
from tests.fakes.receiver import Receiver

Serve = Callable[..., Receiver]
HOST = "receiver.example"


@pytest.fixture
def serve(authority: Authority, tmp_path: Path) -> Iterator[Serve]:
    """`serve(always, names=...)`: a receiver with a certificate for these names."""
    with ExitStack() as stack:

        def started(always: str = "204", **fields: Any) -> Receiver:
            certificate = {name: fields.pop(name) for name in ("names", "until") if name in fields}
            context = fields.pop("context", None) or authority.server_context(tmp_path, **certificate)
            return stack.enter_context(Receiver(context, always=always, **fields).running())

        yield started


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits on a smaller scale."""
    monkeypatch.setattr(pinned.Budget.__init__, "__defaults__", (0.5, 1.0, pinned.MOST_BYTES))


def client(authority: Authority, receiver: Receiver, *addresses: str, host: str = HOST) -> Client:
    """One whose resolver says where `receiver.example` is, and whose administrator allows that place."""
    where = list(addresses or ("127.0.0.1",))
    trust = trusted_authorities(str(authority.file))
    return Client(Allowed([f"{host}:{receiver.port}"]), trust, lambda name, port: where)


def post(client: Client, receiver: Receiver, host: str = HOST, body: bytes = b"{}") -> Any:
    return client.post(f"https://{host}:{receiver.port}/hook?x=1", body, {"content-type": "application/json"})


def test_post_sends_the_body_and_gives_the_answer(authority, serve):
    receiver = serve("429 7")

    answer = post(client(authority, receiver), receiver, body=b'{"a": 1}')

    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    (got,) = receiver.got
    assert (got.path, got.raw, got.headers["content-type"]) == ("/hook?x=1", b'{"a": 1}', "application/json")
    assert got.headers["host"] == f"{HOST}:{receiver.port}"
    assert got.headers["accept-encoding"] == "identity"


def test_post_goes_to_the_address_that_was_checked_when_the_name_changes_at_once(authority, serve):
    receiver, elsewhere = serve(), serve(host="127.0.0.2")
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    rebinding = Client(
        Allowed([f"{HOST}:{receiver.port}"]), trusted_authorities(str(authority.file)), lambda host, port: next(answers)
    )

    post(rebinding, receiver)

    assert (len(receiver.got), len(elsewhere.got)) == (1, 0)
    assert next(answers) == ["127.0.0.2"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["2606:2800:220:1::1", "::ffff:169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::1"],
        ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],
        ["no address at all", "8.8.8.8"],
    ],
)
def test_post_refuses_when_one_of_the_addresses_is_not_public(authority, serve, addresses: list[str]):
    receiver = serve()
    stranger = Client(trust=trusted_authorities(str(authority.file)), resolver=lambda host, port: addresses)

    with pytest.raises(Refused, match="not a public address"):
        post(stranger, receiver)

    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost."])
def test_post_refuses_when_the_system_knows_the_name_as_this_machine(authority, serve, host: str):
    receiver = serve()

    with pytest.raises((Refused, Unanswered)):
        post(Client(trust=trusted_authorities(str(authority.file))), receiver, host)

    assert receiver.connections == 0


def test_post_refuses_another_port_of_an_allowed_host(authority, serve):
    allowed, forbidden = serve(), serve()

    with pytest.raises(Refused):
        post(client(authority, allowed), forbidden)

    assert forbidden.connections == 0


def test_post_follows_no_redirect(authority, serve):
    elsewhere = serve()
    receiver = serve(f"302 {elsewhere.url}")

    assert post(client(authority, receiver), receiver).status == 302

    assert elsewhere.connections == 0


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"])
def test_post_uses_no_proxy_of_the_environment(authority, serve, monkeypatch, name: str):
    receiver, proxy = serve(), serve()
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

    assert post(client(authority, receiver), receiver).status == 204

    assert proxy.connections == 0


def test_post_fails_when_the_certificate_is_for_another_name(authority, serve):
    receiver = serve(names=("other.example",))

    with pytest.raises(Unanswered, match="certificate"):
        post(client(authority, receiver), receiver)

    assert receiver.got == []


def test_post_fails_when_the_certificate_is_for_the_address_and_not_for_the_name(authority, serve):
    receiver = serve(names=("127.0.0.1",))

    with pytest.raises(Unanswered, match="certificate"):
        post(client(authority, receiver), receiver)


def test_post_fails_when_nobody_trusted_signed_the_certificate(authority, serve):
    receiver = serve()
    trusting_nobody_new = Client(Allowed([f"{HOST}:{receiver.port}"]), resolver=lambda host, port: ["127.0.0.1"])

    with pytest.raises(Unanswered, match="certificate"):
        post(trusting_nobody_new, receiver)


def test_post_fails_when_the_certificate_has_run_out(authority, serve):
    receiver = serve(until=datetime(2021, 1, 1, tzinfo=UTC))

    with pytest.raises(Unanswered, match="expired"):
        post(client(authority, receiver), receiver)


def test_post_fails_when_the_server_speaks_no_tls(authority, serve):
    with Receiver(None).running() as receiver, pytest.raises(Unanswered, match="TLS"):
        post(client(authority, receiver), receiver)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("script", ["hang", "trickle", "deaf"])
def test_post_gives_up_when_no_answer_comes_in_time(authority, serve, script: str):
    receiver = serve(script)

    with pytest.raises(Unanswered, match="too long"):
        post(client(authority, receiver), receiver, body=b"x" * 10_000_000)


@pytest.mark.usefixtures("hasty")
def test_post_gives_up_when_nobody_shakes_hands(authority):
    with Receiver(None, always="deaf").running() as receiver, pytest.raises(Unanswered, match="too long to connect"):
        post(client(authority, receiver), receiver)


@pytest.mark.usefixtures("hasty")
def test_post_gives_up_when_looking_up_takes_too_long(authority, serve):
    receiver = serve()
    over = threading.Event()
    slow = Client(resolver=lambda host, port: ["8.8.8.8"] if over.wait(30) else [])

    with pytest.raises(Unanswered, match="looking up"):
        post(slow, receiver)
    over.set()


def test_post_fails_in_words_when_the_name_is_unknown(authority, serve):
    receiver = serve()

    with pytest.raises(Unanswered, match=r"nobody\.invalid"):
        post(Client(), receiver, "nobody.invalid")


def test_post_tries_the_next_address_when_one_is_deaf(authority, serve):
    receiver = serve()

    assert post(client(authority, receiver, "127.0.0.9", "127.0.0.1"), receiver).status == 204


def test_post_fails_in_words_when_nobody_listens(authority, serve):
    receiver = serve()

    with pytest.raises(Unanswered, match="refused"):
        post(client(authority, receiver, "127.0.0.9"), receiver)


def test_post_reads_no_more_than_the_limit(authority, serve):
    receiver = serve("huge")

    answer = post(client(authority, receiver), receiver)

    assert answer.status == 200
    assert 0 < len(answer.body) <= pinned.MOST_BYTES


def test_post_gives_up_when_the_headers_never_end(authority, serve):
    receiver = serve("early")

    with pytest.raises(Unanswered, match="too long"):
        post(client(authority, receiver), receiver)


def test_post_unpacks_nothing(authority, serve):
    receiver = serve("squeezed")

    assert post(client(authority, receiver), receiver).body == b"abc"


def test_limits_are_those_of_the_security_page():
    assert (pinned.CONNECT_SECONDS, pinned.TOTAL_SECONDS, pinned.MOST_BYTES) == (3.0, 10.0, 65536)


def test_trust_refuses_old_tls_and_unchecked_names():
    context = trusted_authorities("")

    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
