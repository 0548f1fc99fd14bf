"""Settings that would break a promise: nothing starts."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from config.checks import countersign_checks
from config.management.commands.serve import Command
from tests.live import PATIENCE, ROOT

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}
WAL = "PRAGMA journal_mode=WAL;"
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "debug beyond loopback": ("C005", {"DEBUG": True, "BASE_URL": "https://sign.acme.example"}),
    "short secret": ("C002", {"SECRET_KEY": "s" * 31}),
    "short key of the record": ("C003", {"RECORD_KEY": b"r" * 31}),
    "no key of receipts": ("C009", {"RECEIPT_KEY": ""}),
    "short key of links": ("C040", {"LINK_KEY": "l" * 31}),
    "a key of links that is another one, too": ("C040", {"LINK_KEY": "k" * 40, "SECRET_KEY": "k" * 40}),
    "reports about mail without a secret": ("C041", {"MAIL_EVENTS": "postmark"}),
    "reports of nobody": ("C041", {"MAIL_EVENTS": "nobody", "ANYMAIL": {}}),
    "reports with a short secret": ("C041", {"MAIL_EVENTS": "postmark", "ANYMAIL": {"WEBHOOK_SECRET": "a:b"}}),
    "no address": ("C004", {"BASE_URL": ""}),
    "plain http": ("C006", {"BASE_URL": "http://sign.acme.example"}),
    "redis without a password": ("C007", {"REDIS_URL": "redis://redis.acme.example:6379/0"}),
    "sqlite without immediate": ("C001", {"DATABASES": {"default": SQLITE | {"OPTIONS": {"init_command": WAL}}}}),
    "sqlite without wal": ("C001", {"DATABASES": {"default": SQLITE | {"OPTIONS": {"transaction_mode": "IMMEDIATE"}}}}),
    "mail that is only kept": ("C008", {"PRODUCTION": True, "EMAIL_BACKEND": "notifications.keptmail.KeptMailBackend"}),
}
GOOD_SECRETS = {
    "SECRET_KEY": "s" * 50,
    "RECORD_KEY": "r" * 50,
    "LINK_KEY": "l" * 50,
    "RECEIPT_KEY": urlsafe_b64encode(bytes(range(32))).decode().rstrip("="),
}
PRODUCTION = {**GOOD_SECRETS, "COUNTERSIGN_PRODUCTION": "1", "EMAIL_URL": "smtp://127.0.0.1:1", "REDIS_URL": ""}
HTTPS = {**PRODUCTION, "BASE_URL": "https://sign.acme.example"}
HARDENING = """
import django; django.setup()
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)
"""


@pytest.mark.parametrize(("code", "wrong"), WRONG.values(), ids=list(WRONG))
def test_a_start_is_refused_when_a_setting_would_break_a_promise(
    settings: Any, monkeypatch: pytest.MonkeyPatch, code: str, wrong: Any
) -> None:
    assert f"countersign.{code}" not in {found.id for found in countersign_checks(None)}

    for name, value in wrong.items():
        if name == "DATABASES":  # Django warns of a new value, as nothing would connect to it
            monkeypatch.setitem(settings.DATABASES, "default", value["default"])
        else:
            setattr(settings, name, value)

    assert f"countersign.{code}" in {found.id for found in countersign_checks(None)}


def test_redis_without_a_password_is_taken_on_loopback_and_with_one_elsewhere(settings: Any) -> None:
    for url in ("redis://127.0.0.1:6379/0", "redis://:secret@redis.acme.example:6379/0"):
        settings.REDIS_URL = url
        assert "countersign.C007" not in {found.id for found in countersign_checks(None)}


@pytest.mark.live
def test_no_server_starts_and_all_faults_are_named_when_settings_are_wrong(tmp_path: Path) -> None:
    wrong = {
        "DEBUG": "1",
        "BASE_URL": "http://sign.acme.example",
        "SECRET_KEY": "short",
        "RECORD_KEY": "short",
        "REDIS_URL": "redis://redis.acme.example:6379/0",
    }

    ended = started(tmp_path, "manage.py", "serve", "--port", "0", **wrong)

    assert ended.returncode != 0
    for code in ("C002", "C003", "C005", "C006", "C007"):
        assert f"countersign.{code}" in ended.stderr


@pytest.mark.live
@pytest.mark.parametrize("name", ["SECRET_KEY", "RECORD_KEY", "RECEIPT_KEY", "LINK_KEY"])
def test_production_makes_up_no_secret_when_one_is_missing(tmp_path: Path, name: str) -> None:
    ended = started(tmp_path, "manage.py", "check", **HTTPS | {name: ""})

    assert ended.returncode != 0
    assert f"Set {name}" in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.live
def test_production_does_not_start_when_nobody_said_its_address(tmp_path: Path) -> None:
    ended = started(tmp_path, "manage.py", "check", **PRODUCTION | {"BASE_URL": ""})

    assert ended.returncode != 0
    assert "countersign.C004" in ended.stderr


@pytest.mark.live
def test_the_embedded_mode_is_refused_when_this_is_production(tmp_path: Path) -> None:
    ended = started(tmp_path, "manage.py", "up", **HTTPS)

    assert ended.returncode != 0
    assert "This is the embedded mode" in ended.stderr


@pytest.mark.live
def test_cookies_are_bound_to_the_host_and_https_is_remembered_when_the_address_is_https(tmp_path: Path) -> None:
    ended = started(tmp_path, "-c", HARDENING, **HTTPS)

    assert ended.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True", "31536000"]


def test_servers_listen_on_loopback_when_nobody_says_otherwise() -> None:
    assert Command().create_parser("manage.py", "serve").parse_args([]).host == "127.0.0.1"


def started(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own with these settings and an empty data folder, until it ends."""
    settings = {"COUNTERSIGN_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    command = [sys.executable, *words]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=kept | settings | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
