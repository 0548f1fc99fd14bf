"""The door for providers' reports. Whatever is not signed or does not know the secret has no effect."""

from __future__ import annotations

from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from intents.errors import Busy
from notifications.bounces.acting import act_on
from notifications.bounces.providers import view_of
from notifications.bounces.reading import bounce_of


@csrf_exempt
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once the reports are taken in, 403 without the secret or with a bad signature, 404 unless switched on.

    The provider sends again after 503.
    """
    if not settings.MAIL_EVENTS or provider != settings.MAIL_EVENTS:
        raise Http404("No reports are taken here.")
    try:
        answer: HttpResponse = view_of(provider).as_view()(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse("The signature or the secret is wrong.", status=403, content_type="text/plain")
    except (AttributeError, KeyError, TypeError, ValueError):
        return HttpResponse("This is no report.", status=400, content_type="text/plain")
    except Busy:
        return HttpResponse("Busy: send it again.", status=503, content_type="text/plain")
    return answer


def receive(event: Any, **_: Any) -> None:
    """anymail's signal for one event of a report that it has found to be genuine."""
    bounce = bounce_of(event)
    if bounce is not None:
        act_on(bounce)
