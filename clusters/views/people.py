"""People and access."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from clusters import access, people, typed
from clusters.forms import LevelForm, PasswordForm, PersonForm
from clusters.refused import attempt
from clusters.states import AccessLevel


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def people_page(request: HttpRequest) -> HttpResponse:
    """Who may do what; an admin adds a person with the form."""
    may_change = access.level(request.user) >= AccessLevel.ADMIN
    if request.method == "POST":
        access.require(request, AccessLevel.ADMIN)
    form = PersonForm(typed.data(request)) if may_change else None
    if request.method == "POST" and form is not None and form.is_valid():
        data = form.cleaned_data
        people.add(request, data["username"], data["password"], data["level"], data["cluster"])
        messages.success(request, f"{data['username']} can sign in now.")
        return redirect("people")
    everybody = access.level(request.user) >= AccessLevel.VIEWER
    shown = [person for person in people.load() if everybody or person.user.pk == request.user.pk]
    context = {"people": shown, "form": form, "may_change": may_change}
    return render(request, "people.html", context, status=422 if request.method == "POST" else 200)


def _user(name: str) -> Any:
    if "\0" in name:  # a database may refuse the question itself
        raise Http404
    return get_object_or_404(get_user_model(), username=name)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def person_page(request: HttpRequest, name: str) -> HttpResponse:
    """One person, for an admin; everybody has their own page with their own password."""
    user = _user(name)
    own = user.pk == request.user.pk
    may_change = access.level(request.user) >= AccessLevel.ADMIN
    if not own:
        access.require(request, AccessLevel.ADMIN)
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        people.set_password(request, user, form.cleaned_data["password"])
        if own:
            update_session_auth_hash(request, user)
        messages.success(request, f"The new password of {user.username} holds from now on.")
        return redirect("person", name)
    person = next(person for person in people.load() if person.user.pk == user.pk)
    context = {
        "person": person,
        "form": form,
        "level_form": LevelForm() if may_change else None,
        "own": own,
        "may_change": may_change,
    }
    return render(request, "person.html", context, status=422 if form.errors else 200)


@require_POST
def person_level(request: HttpRequest, name: str) -> HttpResponse:
    access.require(request, AccessLevel.ADMIN)
    user = _user(name)
    form = LevelForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That level or cluster does not exist.")
        return redirect("person", name)
    try:
        people.set_level(request, user, form.cleaned_data["level"], form.cleaned_data["cluster"])
    except people.Refused as refused:
        attempt(request, str(refused), action="person.level")
        messages.error(request, str(refused))
    return redirect("person", name)


@require_POST
def person_active(request: HttpRequest, name: str) -> HttpResponse:
    access.require(request, AccessLevel.ADMIN)
    user = _user(name)
    try:
        people.set_active(request, user, request.POST.get("active") == "yes")
    except people.Refused as refused:
        attempt(request, str(refused), action="person.active")
        messages.error(request, str(refused))
    return redirect("person", name)
