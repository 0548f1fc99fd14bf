"""Signing in and out: one throttled door, for the pages and for the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from approvals.models import Person
from approvals.services.hashing import HASHING, Crowded
from approvals.views.guard import belongs
from approvals.views.sessions import begin
from intents import clock

LONGEST_EMAIL = 254
LONGEST_PASSWORD = 1024
WRONG = "This e-mail address and password do not belong together."
NOWHERE = "This account belongs to no workspace any more. Ask an admin to add you to one."


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail address and password. Five failures in five minutes pause the account (`locked_out`).

    Who is signed in already goes on, unless they come for a fresh sign-in (`?again=1`).
    """
    onward = own_path(request.POST.get("next") or request.GET.get("next") or "")
    if request.method != "POST":
        person = request.user
        if isinstance(person, Person) and belongs(person) and "again" not in request.GET:
            return redirect(onward)
        return _page(request, onward)
    email = request.POST.get("email", "").strip().lower()
    try:
        with HASHING.place():
            found = _authenticated(request, email, request.POST.get("password", ""))
    except Crowded:
        return _busy(request)
    if found is None or not belongs(found):
        return _page(request, onward, email, WRONG if found is None else NOWHERE)
    begin(request, found)
    return redirect(onward)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign_in")


@never_cache
def admin_sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin has no sign-in of its own. Who is signed in and gets here lacks the right to it."""
    if isinstance(request.user, Person):
        raise PermissionDenied("The admin is for admins.")
    onward = own_path(request.GET.get("next") or "/admin/")
    return redirect(f"{resolve_url('sign_in')}?{urlencode({'next': onward})}")


def locked_out(request: HttpRequest, original: HttpResponse | None, credentials: Any) -> HttpResponse:
    """After too many failures: until when this account's sign-in is paused (settings.AXES_LOCKOUT_CALLABLE)."""
    email = get_client_username(request, credentials) or ""
    now = clock.now()
    pause = get_cool_off(request) or timedelta(0)
    last = AccessAttempt.objects.filter(username=email).order_by("-attempt_time").first()
    until = last.attempt_time + pause if last else now + pause
    minutes = max(1, -(-int((until - now).total_seconds()) // 60))
    context = {"email": email, "until": until, "minutes": minutes, "now": now}
    return render(request, "signin_paused.html", context, status=429)


def own_path(wanted: str) -> str:
    """A path of this site, else the inbox: nobody is sent elsewhere by a link to the sign-in page."""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)


def _authenticated(request: HttpRequest, email: str, password: str) -> Person | None:
    if not email or "\0" in email + password or len(email) > LONGEST_EMAIL or len(password) > LONGEST_PASSWORD:
        return None
    found = authenticate(request, email=email, password=password)
    return found if isinstance(found, Person) else None


def _busy(request: HttpRequest) -> HttpResponse:
    answer = render(request, "signin_busy.html", status=503)
    answer["Retry-After"] = "1"
    return answer


def _page(request: HttpRequest, onward: str, email: str = "", error: str = "") -> HttpResponse:
    context = {"next": onward, "email": email, "error": error, "embedded": not settings.PRODUCTION}
    return render(request, "signin.html", context, status=403 if error else 200)
