from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import AuditEntry
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_signing_in_and_out_is_written_down(client: Client, olga: Any) -> None:
    response = client.post("/sign-in/", {"username": "olga", "password": PASSWORD, "next": "/audit/"})
    assert response["Location"] == "/audit/"
    assert client.get("/").status_code == 200
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302
    assert list(AuditEntry.objects.order_by("sequence").values_list("actor", "action")) == [
        ("olga", "sign-in"),
        ("olga", "sign-out"),
    ]


def test_a_wrong_password_is_said_and_written_down(client: Client, olga: Any) -> None:
    response = client.post("/sign-in/", {"username": "olga", "password": "wrong"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Name and password do not match." in page
    assert 'value="olga"' in page
    assert "wrong" not in page.replace('id="wrong"', "").replace('"wrong"', "").replace("wrong tries", "")
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.outcome) == ("olga", "refused")


def test_a_name_that_does_not_exist_gets_the_same_answer(client: Client, db: None) -> None:
    response = client.post("/sign-in/", {"username": "nobody", "password": "wrong"})
    assert response.status_code == 422
    assert "Name and password do not match." in response.content.decode()
    assert not AuditEntry.objects.exists()


def test_after_ten_wrong_tries_the_door_is_shut(client: Client, olga: Any) -> None:
    for _ in range(10):
        response = client.post("/sign-in/", {"username": "olga", "password": "wrong"})
    assert response.status_code == 429
    right = client.post("/sign-in/", {"username": "olga", "password": PASSWORD})
    assert right.status_code == 429
    assert "Signing in is shut for now." in right.content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away(client: Client, olga: Any, target: str) -> None:
    assert client.post("/sign-in/", {"username": "olga", "password": PASSWORD, "next": target})["Location"] == "/"
    assert client.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


def test_signing_out_needs_a_post(client: Client, olga: Any) -> None:
    client.force_login(olga)
    assert client.get("/sign-out/").status_code == 405
    assert client.get("/").status_code == 200


def test_the_theme_is_a_cookie(client: Client, olga: Any) -> None:
    client.force_login(olga)
    assert "data-bs-theme" not in client.get("/").content.decode()
    client.post("/theme/", {"theme": "dark", "next": "/"})
    assert '<html lang="en" data-bs-theme="dark">' in client.get("/").content.decode()
    client.post("/theme/", {"theme": '"><script>', "next": "/"})
    assert "data-bs-theme" not in client.get("/").content.decode()
    assert client.get("/theme/").status_code == 405


def test_every_page_is_guarded_by_its_policy(client: Client, olga: Any) -> None:
    client.force_login(olga)
    policy = client.get("/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = client.get("/").content.decode()
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<style" not in page


def test_a_form_that_is_too_old_is_explained(olga: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(olga)
    response = client.post("/sign-out/")
    assert response.status_code == 403
    assert "This form is too old." in response.content.decode()


@pytest.mark.parametrize("path", ["/sign-out/", "/theme/", "/jobs/1/approve/"])
def test_an_address_that_takes_only_a_form_says_so(client: Client, olga: Any, path: str) -> None:
    client.force_login(olga)
    response = client.get(path)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "There is nothing to read here." in response.content.decode()


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://testserver/c/web-files/?x=1", "/c/web-files/%3Fx%3D1"),
        ("http://evil.example/c/web-files/", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_without_a_session_leads_back_to_its_page(
    client: Client, db: None, came_from: str, back: str
) -> None:
    response = client.post("/jobs/1/approve/", headers={"referer": came_from})
    assert response["Location"] == f"/sign-in/?next={back}"


def test_half_a_page_never_becomes_the_sign_in_page(client: Client, db: None) -> None:
    """A page that refreshes itself asks for a part of it; the session may have ended meanwhile, and something may be typed there."""
    response = client.get("/c/web-files/?part=live", headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Retarget"]) == (401, "#ended")
    assert "HX-Redirect" not in response
    assert "Your session has ended." in response.content.decode()
