"""Django's WSGI handler, for a server that runs pages and API without the streams."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from notifications import wakeup  # noqa: E402 - Django must be set up first

wakeup.start()
