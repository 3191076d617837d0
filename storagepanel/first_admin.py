"""The administrator's one-time link: made at the console, opened in a browser, good for half an hour and for one password.

Nothing is stored for it. The link is a signature over the account and its present password field, so setting a password
ends it, and making a new link for an account that never had one ends the one before.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from clusters.audit import record
from clusters.models import AuditEntry, Membership
from clusters.states import AccessLevel
from storagepanel.first_admin_form import FirstAdminForm

SALT = "storagepanel.first-admin"
GOOD_FOR_SECONDS = 30 * 60


def exists() -> bool:
    """Say whether anybody can sign in as an administrator."""
    levels = Membership.objects.filter(cluster=None, level=AccessLevel.ADMIN)
    people = get_user_model().objects.filter(Q(is_superuser=True) | Q(pk__in=levels.values("user")), is_active=True)
    return any(has_password(user) for user in people)


def has_password(user: User) -> bool:
    """Django counts an empty password field, which a new row has, as usable."""
    return bool(user.password) and user.has_usable_password()


def admins() -> list[User]:
    return list(get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk"))


def account(name: str = "") -> User:
    """Return the administrator called `name`, made now if need be; without a name the only one there is, else "admin"."""
    if not name:
        present = admins()
        name = present[0].get_username() if len(present) == 1 else "admin"
    with transaction.atomic():
        user, made = get_user_model().objects.get_or_create(
            username=name, defaults={"is_superuser": True, "is_staff": True}
        )
        if not user.is_active or not has_password(user):  # who was shut out comes back by the link alone
            user.set_unusable_password()
        user.is_superuser = user.is_active = True
        user.save()
        text = f"An administrator's link for {name} was made at the console."
        record(actor="console", action="person.admin-link", object=name, text=text, outcome=AuditEntry.Outcome.DONE,
               after={"created": made})  # fmt: skip
    return user


def set_password(user: User, name: str, password: str, request: HttpRequest | None = None) -> None:
    with transaction.atomic():
        user.username = name
        user.set_password(password)
        user.save()
        text = f"{name} set the administrator's password."
        record(actor=name, actor_id=user.pk, action="person.admin-password", object=name, text=text,
               outcome=AuditEntry.Outcome.DONE, request=request)  # fmt: skip


def link(user: User) -> str:
    """Return the path of a fresh link."""
    token = signing.dumps({"user": user.pk, "mark": mark(user)}, salt=SALT)
    return reverse("first-admin", args=[token])


def mark(user: User) -> str:
    return hashlib.sha256(user.password.encode()).hexdigest()[:32]


def holder(token: str) -> User | None:
    """Return whom a link was made for, or None if it is forged, too old, replaced or used."""
    try:
        found = signing.loads(token, salt=SALT, max_age=GOOD_FOR_SECONDS)
    except signing.BadSignature:
        return None
    user = get_user_model().objects.filter(pk=found["user"], is_superuser=True, is_active=True).first()
    return user if user and mark(user) == found["mark"] else None


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def first_admin(request: HttpRequest, token: str) -> HttpResponse:
    user = holder(token)
    if user is None:
        return render(request, "storagepanel/first_admin.html", {"form": None}, status=410)
    form = FirstAdminForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "storagepanel/first_admin.html", {"form": form}, status=422 if form.is_bound else 200)
    set_password(user, form.cleaned_data["username"], form.cleaned_data["password"], request)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)
