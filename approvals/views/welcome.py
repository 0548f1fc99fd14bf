"""The one-time link of the first start: on this machine only, and only by pressing a button."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals.services.signin import is_live, use_link
from approvals.views.sessions import begin

FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the button and changes nothing; POST uses the link up and signs its person in."""
    if not from_this_machine(request):
        return render(request, "welcome_over.html", {"elsewhere": True}, status=403)
    if request.method != "POST":
        return render(request, "welcome.html") if is_live(token) else _over(request)
    person = use_link(token)
    if person is None:
        return _over(request)
    begin(request, person, "django.contrib.auth.backends.ModelBackend")
    return redirect("inbox")


def from_this_machine(request: HttpRequest) -> bool:
    """True for a direct connection over loopback; a forwarding header means that a proxy stands between."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "welcome_over.html", status=410)
