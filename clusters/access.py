"""Who may see and do what. A loader returns the cluster, or 404 to a stranger, or 403 to somebody below the level.

What was refused to somebody who wanted to change something is in the audit log (`refused`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from clusters import refused
from clusters.models import Cluster, Membership
from clusters.states import AccessLevel, Inventory

Person = AbstractBaseUser | AnonymousUser
STRANGER = "There is no access level on this cluster."


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do, in one query: on every cluster, and by the key of a cluster."""

    everywhere: AccessLevel = AccessLevel.NONE
    own: Mapping[int, AccessLevel] = field(default_factory=dict)

    def on(self, cluster: Cluster | None = None) -> AccessLevel:
        """Tell the level on the cluster, or, without one, everywhere."""
        return max(self.everywhere, self.own.get(cluster.pk, AccessLevel.NONE)) if cluster else self.everywhere

    def visible(self, *, forgotten: bool = False) -> QuerySet[Cluster]:
        """List the clusters a person may see; forgotten ones only for pages about the past."""
        clusters = Cluster.objects.all() if forgotten else Cluster.objects.exclude(inventory=Inventory.FORGOTTEN)
        return clusters if self.everywhere else clusters.filter(pk__in=list(self.own))


def rights(user: Person) -> Rights:
    if not user.is_authenticated or not user.is_active:
        return Rights()
    if _sees_all(user):
        return Rights(AccessLevel.ADMIN)
    mine = list(Membership.objects.filter(user_id=user.pk).values_list("cluster", "level"))
    everywhere = max((level for cluster, level in mine if cluster is None), default=AccessLevel.NONE)
    return Rights(
        AccessLevel(everywhere), {cluster: AccessLevel(level) for cluster, level in mine if cluster is not None}
    )


def of(request: HttpRequest) -> Rights:
    """Give the rights of who asks, read once for a page. Whatever changes something reads them each time: they may have changed meanwhile."""
    if request.method not in refused.READING:
        return rights(request.user)
    if not hasattr(request, "rights"):
        request.rights = rights(request.user)  # type: ignore[attr-defined]
    return request.rights  # type: ignore[attr-defined, no-any-return]


def level(user: Person, cluster: Cluster | None = None) -> AccessLevel:
    """Read what the person may do on the cluster, or, without one, everywhere."""
    return rights(user).on(cluster)


def levels(user: Person) -> dict[int, AccessLevel]:
    """Read what the person may do on every cluster that they see, in two queries."""
    held = rights(user)
    keys = held.visible().order_by().values_list("pk", flat=True)
    return {key: max(held.everywhere, held.own.get(key, AccessLevel.NONE)) for key in keys}


def visible(user: Person, *, forgotten: bool = False) -> QuerySet[Cluster]:
    return rights(user).visible(forgotten=forgotten)


def get_cluster(
    request: HttpRequest,
    slug: str,
    at_least: AccessLevel = AccessLevel.VIEWER,
    *,
    forgotten: bool = False,
    also: Sequence[str] = (),
) -> Cluster:
    """Load a cluster for its page; `also` names rows that belong to it and are read in the same query."""
    found = of(request).visible(forgotten=forgotten).filter(slug=slug)
    cluster = (found.select_related(*also) if also else found).first()
    if cluster is None:
        _note_stranger(request, slug)
        raise Http404("No such cluster.")
    _demand(request, at_least, cluster)
    return cluster


def require(request: HttpRequest, at_least: AccessLevel) -> None:
    """For what concerns the whole fleet: only a level that holds everywhere counts."""
    _demand(request, at_least)


def _sees_all(user: Person) -> bool:
    return isinstance(user, PermissionsMixin) and user.is_superuser


def _demand(request: HttpRequest, needs: AccessLevel, cluster: Cluster | None = None) -> None:
    has = of(request).on(cluster)
    if has < needs:
        why = f"This needs access level {needs.name.lower()}; yours is {has.name.lower()}."
        refused.attempt(request, why, cluster=cluster)
        raise PermissionDenied(why)


def _note_stranger(request: HttpRequest, slug: str) -> None:
    """The page does not tell whether there is such a cluster; the audit log does."""
    if request.method not in refused.READING and (hidden := Cluster.objects.filter(slug=slug).first()):
        refused.attempt(request, STRANGER, cluster=hidden)
