"""What a log line looks like: JSON for machines, or a line for people; both carry every extra word (ids, seconds)."""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

NAMED = "%(asctime)s %(levelname)s %(name)s %(message)s"


class OurWords(logging.Filter):
    """Drops what Django attaches to its own lines: a request's path may hold a token, and it says nothing here."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        record.__dict__.pop("request", None)
        return True


class WithoutTrace(logging.Filter):
    """For what strangers cause: a line is enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every line passes."""
        record.exc_info = None
        return True


class Line(logging.Formatter):
    """`time level logger message key=value ...`"""

    def format(self, record: logging.LogRecord) -> str:
        """The extras follow the first line; a traceback stays behind it."""
        first, *rest = super().format(record).split("\n")
        extras = [f"{name}={value}" for name, value in vars(record).items() if name not in RESERVED_ATTRS]
        return "\n".join([" ".join([first, *extras]), *rest])


def logging_config(kind: str, level: str) -> dict[str, Any]:
    """Django's LOGGING; `kind` is json or line."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": Line, "fmt": NAMED},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": NAMED,
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            },
        },
        "filters": {"ours": {"()": OurWords}, "without_trace": {"()": WithoutTrace}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": kind, "filters": ["ours"]}},
        "loggers": {
            "django.request": {"level": "ERROR"},  # a refusal is no fault of ours
            "django.security.DisallowedHost": {"filters": ["without_trace"]},
            "django.security.csrf": {"level": "ERROR"},  # names the path, which may be a one-time link
            "celery": {"level": "WARNING"},  # three ticks a second are no news
            "kombu": {"level": "WARNING"},
        },
        "root": {"handlers": ["stderr"], "level": level},
    }
