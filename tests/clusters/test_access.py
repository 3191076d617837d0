"""Levels, and the loader that gives the cluster, 404 or 403."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from clusters import access
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory
from tests import factories

pytestmark = pytest.mark.django_db


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_a_level_everywhere_holds_on_each_cluster(olga: Any, web_files: Cluster) -> None:
    assert access.level(olga, web_files) is access.level(olga) is AccessLevel.OPERATOR


def test_the_higher_of_two_levels_counts(vera: Any, web_files: Cluster) -> None:
    vera.memberships.create(cluster=web_files, level=AccessLevel.ADMIN)
    assert access.level(vera, web_files) is AccessLevel.ADMIN
    assert access.level(vera) is AccessLevel.VIEWER


def test_a_level_on_one_cluster_says_nothing_about_another(web_files: Cluster) -> None:
    other = factories.make_cluster("mail-store")
    person = factories.make_user("olga-of-web", AccessLevel.OPERATOR, web_files)
    assert access.level(person, other) is AccessLevel.NONE
    assert list(access.visible(person)) == [web_files]
    with pytest.raises(Http404):
        access.get_cluster(request_of(person), "mail-store")


def test_a_superuser_is_admin_everywhere(mallory: Any, web_files: Cluster) -> None:
    mallory.is_superuser = True
    assert access.level(mallory, web_files) is AccessLevel.ADMIN
    assert access.get_cluster(request_of(mallory), "web-files", AccessLevel.ADMIN) == web_files


def test_a_closed_account_is_nobody(ada: Any, web_files: Cluster) -> None:
    ada.is_active = False
    assert access.level(ada, web_files) is AccessLevel.NONE
    assert not access.visible(ada).exists()


def test_nobody_signed_in_sees_nothing(web_files: Cluster) -> None:
    assert access.level(AnonymousUser(), web_files) is AccessLevel.NONE
    assert not access.visible(AnonymousUser()).exists()


def test_it_hides_from_a_stranger(mallory: Any, web_files: Cluster) -> None:
    with pytest.raises(Http404):
        access.get_cluster(request_of(mallory), "web-files")


def test_it_refuses_below_the_level(vera: Any, web_files: Cluster) -> None:
    assert access.get_cluster(request_of(vera), "web-files") == web_files
    with pytest.raises(PermissionDenied, match="operator"):
        access.get_cluster(request_of(vera), "web-files", AccessLevel.OPERATOR)


def test_what_concerns_the_fleet_needs_a_level_everywhere(olga: Any, web_files: Cluster) -> None:
    access.require(request_of(olga), AccessLevel.OPERATOR)
    with pytest.raises(PermissionDenied):
        access.require(request_of(olga), AccessLevel.ADMIN)
    local = factories.make_user("local", AccessLevel.ADMIN, web_files)
    with pytest.raises(PermissionDenied):
        access.require(request_of(local), AccessLevel.VIEWER)


def test_a_forgotten_cluster_is_gone_except_for_pages_about_the_past(ada: Any, web_files: Cluster) -> None:
    Cluster.objects.filter(pk=web_files.pk).update(inventory=Inventory.FORGOTTEN)
    with pytest.raises(Http404):
        access.get_cluster(request_of(ada), "web-files")
    assert access.get_cluster(request_of(ada), "web-files", forgotten=True) == web_files
