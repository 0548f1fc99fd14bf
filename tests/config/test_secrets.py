"""The embedded mode's secrets: made once, kept, and filled up when a later version needs one more."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.checks import countersign_checks
from config.secretfile import load_or_create
from intents.receiptkeys import key_set


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    folder = tmp_path / "data"

    first = load_or_create(folder)

    assert load_or_create(folder) == first
    assert key_set(first["RECEIPT_KEY"], {}).kid
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secrets.json"]


def test_older_file_keeps_what_it_has_and_gets_what_it_lacks(tmp_path):
    old = {"SECRET_KEY": "s" * 64, "RECORD_KEY": "r" * 64, "OTHER": "o"}
    (tmp_path / "secrets.json").write_text(json.dumps(old))

    found = load_or_create(tmp_path)

    assert old.items() <= found.items()
    assert json.loads((tmp_path / "secrets.json").read_text()) == found
    assert key_set(found["RECEIPT_KEY"], {}).kid


@pytest.mark.parametrize("older", [{}, {"SECRET_KEY": "s" * 64, "RECORD_KEY": "r" * 64}], ids=["new", "older"])
def test_starts_at_once_agree_on_the_secrets(tmp_path, older):
    if older:
        (tmp_path / "secrets.json").write_text(json.dumps(older))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(load_or_create, [tmp_path] * 16))

    assert all(each == found[0] for each in found)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("RECEIPT_KEY", "short", "RECEIPT_KEY must be 32 random bytes"),
        ("RECEIPT_KEYS_OLD", {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "d"}]}, "private key"),
        ("RECEIPT_KEYS_OLD", {"key": []}, "must be a JWK set"),
        ("RECEIPT_SECONDS", 59, "RECEIPT_SECONDS must be from 60"),
        ("RECEIPT_SECONDS", 604801, "RECEIPT_SECONDS must be from 60"),
    ],
)
def test_start_is_refused_in_words_when_receipts_cannot_be_signed(settings, setting, value, words):
    setattr(settings, setting, value)

    assert [found.msg for found in countersign_checks(None) if words in found.msg]
