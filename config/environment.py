"""Reading the environment: what is wrong there is one sentence that names the variable and its remedy."""

from __future__ import annotations

import warnings
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
DATABASE_EXAMPLE = "postgresql://user:password@host:5432/name or sqlite:////folder/countersign.sqlite3"


def number(name: str, default: int) -> int:
    """A whole number."""
    try:
        return int(env.int(name, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {env.str(name)!r}.") from error


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of these words."""
    given = str(env(name, default=default))
    if given not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {given!r}.")
    return given


def database(url: str) -> dict[str, Any]:
    """Django's settings of a database URL. PostgreSQL and SQLite are served."""
    try:
        with warnings.catch_warnings(action="error"):  # it only warns of an engine that it does not know
            found: dict[str, Any] = env.db_url_config(url)
    except (ValueError, UserWarning) as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: write {DATABASE_EXAMPLE}.") from error
    if not str(found.get("ENGINE", "")).endswith(("sqlite3", "postgresql")):
        raise ImproperlyConfigured(f"DATABASE_URL must look like {DATABASE_EXAMPLE}.")
    return found


def mail() -> dict[str, Any]:
    """Django's settings of EMAIL_URL."""
    try:
        found: dict[str, Any] = env.email_url("EMAIL_URL")
    except (ImproperlyConfigured, KeyError, ValueError) as error:
        example = "smtp+tls://user:password@host:587"
        raise ImproperlyConfigured(f"EMAIL_URL cannot be read: write {example}.") from error
    return found


def json_object(name: str) -> dict[str, Any]:
    """A JSON object; {} if it is not set."""
    try:
        found: dict[str, Any] = env.json(name, default={})
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object.") from error
    return found
