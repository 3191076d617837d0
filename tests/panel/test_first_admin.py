"""Somebody opens the administrator's one-time link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from clusters.models import AuditEntry
from storagepanel import first_admin
from storagepanel.management.commands import panel_prepare

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _land_on_a_page_of_no_other_part(settings: Any) -> None:
    settings.LOGIN_REDIRECT_URL = "/healthz/"


GOOD = {"username": "ada", "password": "a long enough phrase", "again": "a long enough phrase"}


def test_it_sets_name_and_password_and_signs_in(client: Client) -> None:
    path = first_admin.link(first_admin.account())
    assert client.get(path).status_code == 200

    answer = client.post(path, GOOD)

    assert answer.status_code == 302
    ada = get_user_model().objects.get()
    assert ada.username == "ada" and ada.is_superuser and ada.check_password(GOOD["password"])
    assert client.session["_auth_user_id"] == str(ada.pk)
    assert first_admin.exists()
    assert set(AuditEntry.objects.values_list("action", "object")) == {
        ("person.admin-link", "admin"), ("person.admin-password", "ada")
    }  # fmt: skip
    assert GOOD["password"] not in str(list(AuditEntry.objects.values()))


def test_it_is_good_once(client: Client) -> None:
    path = first_admin.link(first_admin.account())
    client.post(path, GOOD)
    assert Client().get(path).status_code == 410
    assert Client().post(path, {**GOOD, "password": "another long phrase"}).status_code == 410


def test_it_ends_after_thirty_minutes(client: Client) -> None:
    path = first_admin.link(first_admin.account())
    with time_machine.travel(timezone.now() + timedelta(minutes=29)):
        assert client.get(path).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert client.post(path, GOOD).status_code == 410


def test_a_newer_link_ends_the_older(client: Client) -> None:
    older = first_admin.link(first_admin.account())
    newer = first_admin.link(first_admin.account())
    assert client.get(older).status_code == 410
    assert client.get(newer).status_code == 200


def test_a_forged_link_is_refused(client: Client) -> None:
    path = first_admin.link(first_admin.account())
    assert client.get(path[:-3] + "xx/").status_code == 410


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"again": "something else here"}, "differ"),
        ({"username": "ada lovelace!"}, "contains a blank"),
        ({"password": "ada ada ada ada", "again": "ada ada ada ada", "username": "ada ada"}, "contains a blank"),
        ({"username": ""}, "required"),
        ({"username": ".."}, "not possible"),
        ({"username": "console"}, "the audit log calls the panel itself so"),
    ],
)
def test_a_bad_answer_is_told_and_sets_nothing(client: Client, change: dict[str, str], says: str) -> None:
    path = first_admin.link(first_admin.account())
    answer = client.post(path, {**GOOD, **change})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not first_admin.exists()


def test_a_name_that_somebody_has_is_refused(client: Client, vera: Any) -> None:
    path = first_admin.link(first_admin.account())
    answer = client.post(path, {**GOOD, "username": "vera"})
    assert answer.status_code == 422 and "Somebody else has this name" in answer.content.decode()


def test_an_administrator_with_a_password_keeps_name_and_password_until_the_link_is_used(client: Client) -> None:
    user = first_admin.account("ada")
    first_admin.set_password(user, "ada", "the first long phrase")

    path = first_admin.link(first_admin.account())

    assert get_user_model().objects.get().check_password("the first long phrase")
    client.post(path, {**GOOD, "username": "mallory"})
    assert get_user_model().objects.get().username == "ada"
    assert get_user_model().objects.get().check_password(GOOD["password"])


def test_only_get_and_post_are_answered(client: Client) -> None:
    assert client.put(first_admin.link(first_admin.account())).status_code == 405


def test_who_was_shut_out_does_not_come_back_with_the_next_start(client: Client, ada: Any) -> None:
    """Ada is an admin by level: the panel needs no first one, and its start lets nobody in again."""
    shut_out = get_user_model().objects.create_superuser("admin", password="the first long phrase")
    shut_out.is_active = False
    shut_out.save()
    assert first_admin.exists()
    assert panel_prepare.Command().first_admin() == {}
    shut_out.refresh_from_db()
    assert not shut_out.is_active


def test_who_was_shut_out_comes_back_by_a_link_and_not_with_the_old_password(client: Client) -> None:
    shut_out = get_user_model().objects.create_superuser("admin", password="the first long phrase")
    shut_out.is_active = False
    shut_out.save()
    path = first_admin.link(first_admin.account("admin"))
    shut_out.refresh_from_db()
    assert shut_out.is_active and not shut_out.check_password("the first long phrase")
    client.post(path, {**GOOD, "username": "admin"})
    assert get_user_model().objects.get().check_password(GOOD["password"])
