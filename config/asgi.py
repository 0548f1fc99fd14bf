"""What the web server runs: the event streams, and behind them Django in a bounded number of threads."""

from __future__ import annotations

import os
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from approvals.authentication import authenticate  # noqa: E402 - Django must be set up first
from config.lifespan import Lifespan  # noqa: E402
from intents.asgi import App  # noqa: E402
from intents.bodyguard import BodyGuard  # noqa: E402
from intents.streams import StreamApp  # noqa: E402
from intents.tracing import Traced  # noqa: E402

THREADS = 10
CHUNKS_AHEAD = 256  # of an answer, so that a client that reads slowly does not keep its thread

pages = cast(App, WSGIMiddleware(cast(Any, django), THREADS, CHUNKS_AHEAD))
streams = StreamApp(BodyGuard(pages), authenticate)
application = Lifespan(streams, Traced(streams))
