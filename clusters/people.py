"""People and what they may do: every change is written down, and nobody takes the last administrator away."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest

from clusters import audit
from clusters.models import AuditEntry, Cluster, Membership
from clusters.states import AccessLevel, Inventory


class Refused(Exception):
    """A change that must not be made, with the sentence for the page."""


@dataclass(frozen=True, slots=True)
class Person:
    user: Any
    memberships: list[Membership]

    @property
    def everywhere(self) -> str:
        if self.user.is_superuser:
            return "admin"
        levels = [row.level for row in self.memberships if row.cluster_id is None]
        return AccessLevel(levels[0]).name.lower() if levels else ""

    @property
    def on_clusters(self) -> list[tuple[str, str]]:
        return [
            (row.cluster.slug, AccessLevel(row.level).name.lower())
            for row in self.memberships
            if row.cluster is not None
        ]


def load() -> list[Person]:
    memberships: dict[int, list[Membership]] = defaultdict(list)
    for row in Membership.objects.select_related("cluster").order_by("cluster__slug"):
        memberships[row.user_id].append(row)
    users = get_user_model().objects.order_by("username")
    return [Person(user, memberships[user.pk]) for user in users]


@transaction.atomic
def add(request: HttpRequest, username: str, password: str, level: AccessLevel, cluster: Cluster | None) -> None:
    user = get_user_model().objects.create_user(username, password=password)
    where = cluster.slug if cluster else "all clusters"
    Membership.objects.create(user=user, cluster=cluster, level=level)
    _tell(
        request,
        "person.add",
        f"Added {username} as {level.name.lower()} on {where}",
        username,
        None,
        _state(user),
        cluster,
    )


@transaction.atomic
def set_level(request: HttpRequest, user: Any, level: AccessLevel, cluster: Cluster | None) -> None:
    """Give a level; NONE takes it away."""
    if user.is_superuser:
        raise Refused(f"{user.username} is the administrator of this installation: admin on all clusters, always.")
    before, where = _state(user), cluster.slug if cluster else "all clusters"
    rows = Membership.objects.filter(user=user, cluster=cluster)
    if level:
        Membership.objects.update_or_create(user=user, cluster=cluster, defaults={"level": level})
        text = f"Gave {user.username} {level.name.lower()} on {where}"
    else:
        rows.delete()
        text = f"Took {user.username}’s level on {where} away"
    after = _state(user)
    if after == before:
        raise Refused(f"{user.username} has that level already.")
    _keep_an_admin()
    _tell(request, "person.level", text, user.username, before, after, cluster)


@transaction.atomic
def set_active(request: HttpRequest, user: Any, active: bool) -> None:
    if user.pk == request.user.pk:
        raise Refused("You cannot shut yourself out.")
    before = _state(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    _keep_an_admin()
    text = f"Let {user.username} in again" if active else f"Shut {user.username} out"
    _tell(request, "person.active", text, user.username, before, _state(user), None)


@transaction.atomic
def set_password(request: HttpRequest, user: Any, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    own = user.pk == request.user.pk
    text = f"{user.username} chose a new password" if own else f"Set a new password for {user.username}"
    _tell(request, "person.password", text, user.username, None, None, None)


def clusters() -> list[str]:
    return list(Cluster.objects.exclude(inventory=Inventory.FORGOTTEN).values_list("slug", flat=True))


def _state(user: Any) -> dict[str, Any]:
    rows = Membership.objects.filter(user=user).select_related("cluster")
    levels = {row.cluster.slug if row.cluster else "all clusters": AccessLevel(row.level).name.lower() for row in rows}
    return {"active": user.is_active, **levels}


def _keep_an_admin() -> None:
    users = get_user_model().objects.filter(is_active=True)
    holders = Membership.objects.filter(cluster=None, level=AccessLevel.ADMIN, user__is_active=True)
    if not users.filter(is_superuser=True).exists() and not holders.exists():
        raise Refused("Somebody has to stay admin on all clusters.")


def _tell(
    request: HttpRequest, action: str, text: str, name: str, before: object, after: object, cluster: Cluster | None
) -> None:
    audit.record(
        action=action, text=text, object=name, before=before, after=after, cluster=cluster, outcome=AuditEntry.Outcome.DONE, request=request
    )  # fmt: skip
