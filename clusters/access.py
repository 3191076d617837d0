"""Who may see and do what. A loader returns the cluster, or 404 to a stranger, or 403 to somebody below the level.

What was refused to somebody who wanted to change something is in the audit log (`refused`).
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Q, QuerySet
from django.http import Http404, HttpRequest

from clusters import refused
from clusters.models import Cluster, Membership
from clusters.states import AccessLevel, Inventory

Person = AbstractBaseUser | AnonymousUser
STRANGER = "There is no access level on this cluster."


def level(user: Person, cluster: Cluster | None = None) -> AccessLevel:
    """Read what the person may do on the cluster, or, without one, everywhere."""
    if not user.is_authenticated or not user.is_active:
        return AccessLevel.NONE
    if _sees_all(user):
        return AccessLevel.ADMIN
    where = Q(cluster=None) if cluster is None else Q(cluster=None) | Q(cluster=cluster)
    highest = Membership.objects.filter(where, user_id=user.pk).aggregate(highest=Max("level"))["highest"]
    return AccessLevel(highest or AccessLevel.NONE)


def levels(user: Person) -> dict[int, AccessLevel]:
    """Read what the person may do on every cluster that they see, in two queries."""
    keys = list(visible(user).order_by().values_list("pk", flat=True))
    if not user.is_authenticated:
        return {}
    if _sees_all(user):
        return dict.fromkeys(keys, AccessLevel.ADMIN)
    mine = list(Membership.objects.filter(user_id=user.pk).values_list("cluster", "level"))
    everywhere = max((level for cluster, level in mine if cluster is None), default=AccessLevel.NONE)
    own = dict(mine)
    return {key: AccessLevel(max(everywhere, own.get(key, AccessLevel.NONE))) for key in keys}


def visible(user: Person, *, forgotten: bool = False) -> QuerySet[Cluster]:
    """List the clusters a person may see; forgotten ones only for pages about the past."""
    clusters = Cluster.objects.all() if forgotten else Cluster.objects.exclude(inventory=Inventory.FORGOTTEN)
    if not user.is_authenticated or not user.is_active:
        return clusters.none()
    if _sees_all(user):
        return clusters
    mine = Membership.objects.filter(user_id=user.pk)
    if mine.filter(cluster=None).exists():
        return clusters
    return clusters.filter(pk__in=mine.values("cluster_id"))


def get_cluster(
    request: HttpRequest, slug: str, at_least: AccessLevel = AccessLevel.VIEWER, *, forgotten: bool = False
) -> Cluster:
    cluster = visible(request.user, forgotten=forgotten).filter(slug=slug).first()
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
    has = level(request.user, cluster)
    if has < needs:
        why = f"This needs access level {needs.name.lower()}; yours is {has.name.lower()}."
        refused.attempt(request, why, cluster=cluster)
        raise PermissionDenied(why)


def _note_stranger(request: HttpRequest, slug: str) -> None:
    """The page does not tell whether there is such a cluster; the audit log does."""
    if request.method not in refused.READING and (hidden := Cluster.objects.filter(slug=slug).first()):
        refused.attempt(request, STRANGER, cluster=hidden)
