"""The door of all pages: a signed-in, active person who belongs somewhere. Others get the sign-in page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from approvals.models import Person
from intents.errors import NotFound

P = ParamSpec("P")
TYPED = ("comment", "evidence", "reason", "text")


def signed_in(
    view: Callable[Concatenate[HttpRequest, Person, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Give the view its person. A session ends with the account and with the last membership; nothing is cached."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        person = request.user
        if not isinstance(person, Person):
            return _turned_away(request)
        if not belongs(person):
            logout(request)
            return _turned_away(request)
        try:
            return view(request, person, *args, **kwargs)
        except NotFound as error:
            raise Http404(error.message) from error

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", never_cache(guarded))


def acts(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only POST acts. Whoever opens the address of an act is taken to the page that it belongs to."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.method == "POST" else redirect(page_of(request.path))

    return guarded


def page_of(path: str) -> str:
    """The page that the address of an act belongs to: without its last part."""
    return path.rsplit("/", 1)[0] or "/"


def belongs(person: Person) -> bool:
    """True if this person has a workspace to look at, or the admin to open."""
    return person.is_staff or person.memberships.filter(is_active=True).exists()


def _turned_away(request: HttpRequest) -> HttpResponse:
    """A page goes to the sign-in; polling gets 401, which keeps what is typed; an answer gets its words back."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401)
    if request.method == "POST":
        return render(request, "signed_out.html", {"typed": _typed(request), "back": page_of(request.path)}, status=403)
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


def _typed(request: HttpRequest) -> list[tuple[str, Any]]:
    return [(name, request.POST[name]) for name in TYPED if request.POST.get(name)]
