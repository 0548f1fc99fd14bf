from __future__ import annotations

import pytest

from config.checks import outbound_faults

LOOPBACK = "http://127.0.0.1:8000"
WORLD = "https://sign.acme.example"


@pytest.mark.parametrize("allowed", [[], ["hooks.internal:8443"], ["http://localhost:9000"]])
def test_nothing_is_wrong_on_loopback_whatever_is_allowed(settings, allowed: list[str]):
    settings.OUTBOUND_ALLOWED_PRIVATE = allowed

    assert outbound_faults(LOOPBACK) == []


def test_clear_text_is_a_fault_beyond_loopback(settings):
    settings.OUTBOUND_ALLOWED_PRIVATE = ["http://hooks.internal:9000"]

    (fault,) = outbound_faults(WORLD)

    assert "Use https" in fault


def test_an_entry_without_a_port_is_a_fault(settings):
    settings.OUTBOUND_ALLOWED_PRIVATE = ["hooks.internal"]

    (fault,) = outbound_faults(WORLD)

    assert "hooks.internal:8443" in fault


def test_a_file_without_certificates_is_a_fault(settings, tmp_path):
    (tmp_path / "not.pem").write_text("nothing")
    for file in (tmp_path / "not.pem", tmp_path / "missing.pem"):
        settings.OUTBOUND_CA_FILE = str(file)

        (fault,) = outbound_faults(WORLD)

        assert "OUTBOUND_CA_FILE" in fault
