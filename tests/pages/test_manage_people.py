from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from clusters.models import AuditEntry, Membership
from clusters.states import AccessLevel
from tests import factories

pytestmark = pytest.mark.django_db
NEW = {"username": "nils", "password": "a long enough secret", "level": "20", "cluster": ""}


def last_entry() -> AuditEntry:
    return AuditEntry.objects.first()  # type: ignore[return-value]


def test_an_admin_adds_a_person(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.post("/people/", NEW).status_code == 302
    nils = get_user_model().objects.get(username="nils")
    assert nils.check_password(NEW["password"])
    assert Membership.objects.get(user=nils).level == AccessLevel.OPERATOR
    entry = last_entry()
    assert (entry.actor, entry.action, entry.object) == ("ada", "person.add", "nils")
    assert NEW["password"] not in str((entry.text, entry.before, entry.after))
    assert "nils" in client.get("/people/").content.decode()


def test_on_one_cluster(client: Client, ada: Any) -> None:
    cluster = factories.make_cluster()
    client.force_login(ada)
    client.post("/people/", NEW | {"cluster": cluster.slug})
    assert Membership.objects.get(user__username="nils").cluster == cluster


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"username": "ada"}, "This name is taken."),
        ({"username": "ADA"}, "This name is taken."),
        ({"username": "Panel"}, "the audit log calls the panel itself so"),
        ({"username": "a b<c>"}, "contains a blank"),
        ({"username": ".."}, "not possible"),
        ({"password": "short"}, "at least 12 characters"),
        ({"password": "password1234"}, "too common"),
        ({"level": "99"}, "not one of the available choices"),
    ],
)
def test_bad_input_stays_in_the_form(client: Client, ada: Any, change: dict[str, str], message: str) -> None:
    client.force_login(ada)
    response = client.post("/people/", NEW | change)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert not get_user_model().objects.filter(username="nils").exists()
    assert not AuditEntry.objects.exists()


def test_an_admin_changes_a_level_and_it_is_written_down(client: Client, ada: Any, vera: Any) -> None:
    client.force_login(ada)
    client.post("/people/vera/level/", {"level": "20", "cluster": ""})
    assert Membership.objects.get(user=vera).level == AccessLevel.OPERATOR
    entry = last_entry()
    assert entry.before == {"active": True, "all clusters": "viewer"}
    assert entry.after == {"active": True, "all clusters": "operator"}
    client.post("/people/vera/level/", {"level": "0", "cluster": ""})
    assert not Membership.objects.filter(user=vera).exists()
    assert "away" in last_entry().text


def test_the_last_admin_stays(client: Client, ada: Any) -> None:
    client.force_login(ada)
    response = client.post("/people/ada/level/", {"level": "10", "cluster": ""}, follow=True)
    assert "Somebody has to stay admin on all clusters." in response.content.decode()
    assert Membership.objects.get(user=ada).level == AccessLevel.ADMIN
    assert (last_entry().outcome, AuditEntry.objects.count()) == (AuditEntry.Outcome.REFUSED, 1)
    assert "Somebody has to stay admin" in last_entry().text


def test_the_level_of_the_installations_administrator_is_not_changed_in_word_only(client: Client, ada: Any) -> None:
    """What a superuser may do hangs on no level, so a lower one would be an entry in the log and nothing else."""
    root = get_user_model().objects.create_superuser("root", password=factories.PASSWORD)
    client.force_login(ada)
    assert "/people/root/level/" not in client.get("/people/root/").content.decode()
    answer = client.post("/people/root/level/", {"level": "10", "cluster": ""}, follow=True).content.decode()
    assert "root is the administrator of this installation: admin on all clusters, always." in answer
    assert not Membership.objects.filter(user=root).exists()
    assert [entry.outcome for entry in AuditEntry.objects.all()] == [AuditEntry.Outcome.REFUSED]


def test_shutting_somebody_out(client: Client, ada: Any, vera: Any) -> None:
    other = Client()
    other.force_login(vera)
    client.force_login(ada)
    client.post("/people/vera/active/", {"active": "no"})
    assert other.get("/").status_code == 302
    client.post("/people/vera/active/", {"active": "yes"})
    assert get_user_model().objects.get(username="vera").is_active
    assert "shut yourself out" in client.post("/people/ada/active/", {"active": "no"}, follow=True).content.decode()


def test_ones_own_password(client: Client, vera: Any) -> None:
    client.force_login(vera)
    assert client.post("/people/vera/", {"password": "another long secret"}).status_code == 302
    assert client.get("/").status_code == 200  # still signed in
    vera.refresh_from_db()
    assert vera.check_password("another long secret")
    assert last_entry().text == "vera chose a new password"


@pytest.mark.parametrize("name", ["vera", "olga", "mallory"])
def test_only_admins_change_people(client: Client, request: pytest.FixtureRequest, ada: Any, name: str) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.post("/people/", NEW).status_code == 403
    assert client.post("/people/ada/level/", {"level": "10", "cluster": ""}).status_code == 403
    assert client.post("/people/ada/active/", {"active": "no"}).status_code == 403
    assert client.get("/people/ada/").status_code == 403
    assert client.post("/people/ada/", {"password": "another long secret"}).status_code == 403
    assert Membership.objects.get(user=ada).level == AccessLevel.ADMIN
    assert set(AuditEntry.objects.values_list("actor", "outcome")) == {(name, AuditEntry.Outcome.REFUSED)}


def test_a_stranger_sees_only_themselves(client: Client, ada: Any, mallory: Any) -> None:
    client.force_login(mallory)
    page = client.get("/people/").content.decode()
    assert "mallory" in page
    assert ">ada<" not in page and "/people/ada/" not in page


def test_levels_change_by_post_only(client: Client, ada: Any, vera: Any) -> None:
    client.force_login(ada)
    assert client.get("/people/vera/level/").status_code == 405
    assert client.get("/people/vera/active/").status_code == 405


def test_a_name_that_no_database_takes_is_nobodys(client: Client, ada: Any) -> None:
    client.force_login(ada)
    for url in ("/people/a%00b/", "/people/a%00b/level/", "/people/a%00b/active/"):
        assert client.post(url, {"level": "1"}).status_code == 404, url
