"""What a URL must be like before anything is looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.outbound.target import Allowed, Refused, read_url

TAKEN = {
    "https://hooks.example/in?x=1#part": "https://hooks.example/in?x=1",
    "HTTPS://Hooks.Example": "https://hooks.example/",
    "https://hooks.example.:443/": "https://hooks.example/",
    "https://hooks.example:8443/": "https://hooks.example:8443/",
    "https://bücher.example/": "https://xn--bcher-kva.example/",
    "https://1.1.1.1/": "https://1.1.1.1/",
    "https://[2606:2800:220:1::1]:8443/x": "https://[2606:2800:220:1::1]:8443/x",
    "https://hooks.example/a@b": "https://hooks.example/a@b",
}
REFUSED = """
    http://hooks.example/ ftp://hooks.example/ hooks.example //hooks.example/ https:///x https://
    javascript:alert(1) https://user@hooks.example/ https://user:secret@hooks.example/
    https://hooks.example\\@127.0.0.1/ https://127.0.0.1/ https://10.0.0.1/ https://[::1]/
    https://[::ffff:127.0.0.1]/ https://[64:ff9b::a00:1]/ https://[fe80::1%25eth0]/
    https://169.254.169.254/latest/meta-data https://hooks.example:0/ https://hooks.example:99999/
    https://hooks%2eexample/ https://hooks..example/ https://-hooks.example/ https://hooks.example:x/
    https://%00/
""".split()  # noqa: SIM905


@pytest.mark.parametrize(("written", "meant"), TAKEN.items())
def test_a_url_is_taken_when_it_is_https_to_a_name_or_a_public_address(written: str, meant: str):
    assert read_url(written).url == meant


@pytest.mark.parametrize("written", REFUSED)
def test_a_url_is_refused_when_it_is_anything_else(written: str):
    with pytest.raises(Refused):
        read_url(written)


@pytest.mark.parametrize(
    "written",
    [
        "https://ex\u200bample.org/",
        "https://a.example/\r\nX: y",
        "https://a.example/" + "x" * 2048,
        "https://a.example/" + "ü" * 2000,
    ],
)
def test_a_url_is_refused_when_it_is_too_long_or_cannot_be_printed(written: str):
    with pytest.raises(Refused, match=r"characters|printed"):
        read_url(written)


@given(st.text())
def test_reading_a_url_never_fails_in_another_way(text: str):
    for url in (text, f"https://{text}", f"https://{text}/", f"https://a.example{text}"):
        try:
            target = read_url(url)
        except Refused:
            continue
        assert target.scheme == "https"
        assert read_url(target.url) == target


def test_a_private_place_is_taken_when_an_administrator_names_host_and_port():
    allowed = Allowed(["127.0.0.1:8443", "[::1]:9000", "Hooks.Internal:443"])

    assert read_url("https://127.0.0.1:8443/x", allowed).port == 8443
    assert read_url("https://[::1]:9000/", allowed).host == "::1"
    assert allowed.permits(read_url("https://hooks.internal/", allowed))
    for elsewhere in (
        "https://127.0.0.1/",
        "https://127.0.0.1:8444/",
        "https://127.0.0.2:8443/",
        "http://127.0.0.1:8443/",
    ):
        with pytest.raises(Refused):
            read_url(elsewhere, allowed)


def test_clear_text_is_taken_only_where_an_administrator_names_it():
    allowed = Allowed(["http://localhost:9000", "localhost:9001"])

    assert read_url("http://localhost:9000/", allowed).scheme == "http"
    for elsewhere in ("http://localhost:9001/", "http://localhost/", "http://hooks.example:9000/"):
        with pytest.raises(Refused):
            read_url(elsewhere, allowed)


@pytest.mark.parametrize(
    "entry", ["", "localhost", "https://localhost:1", "localhost:x", "*:443", "10.0.0.0/8:443", "a b:1"]
)
def test_an_entry_is_an_error_when_it_names_no_single_place(entry: str):
    with pytest.raises(ValueError, match="is not like"):
        Allowed([entry])
