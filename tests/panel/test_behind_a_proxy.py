"""Where a request came from, as the audit log and the lock-out know it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db


def address_written_down(client: Client, forwarded: str) -> str:
    factories.make_user("olga")
    client.post("/sign-in/", {"username": "olga", "password": "wrong"}, headers={"X-Forwarded-For": forwarded})
    return AuditEntry.objects.get(action="sign-in").remote_address


@pytest.mark.parametrize(
    ("forwarded", "known"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("10.9.9.9, 192.0.2.7", "192.0.2.7"),  # the first is what the client claims
        ("2001:db8::7", "2001:db8::7"),
        ("<script>, nobody", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_behind_a_proxy_it_is_the_address_that_the_proxy_tells(
    client: Client, settings: Any, forwarded: str, known: str
) -> None:
    settings.BEHIND_PROXY = True
    assert address_written_down(client, forwarded) == known


def test_without_a_proxy_nobody_chooses_an_address(client: Client) -> None:
    assert address_written_down(client, "192.0.2.7") == "127.0.0.1"


def test_a_lock_out_behind_a_proxy_does_not_shut_others_out(client: Client, settings: Any) -> None:
    settings.BEHIND_PROXY, settings.AXES_FAILURE_LIMIT = True, 3
    factories.make_user("olga")
    wrong = {"username": "olga", "password": "wrong"}
    for _ in range(3):
        client.post("/sign-in/", wrong, headers={"X-Forwarded-For": "192.0.2.66"})
    assert client.post("/sign-in/", wrong, headers={"X-Forwarded-For": "192.0.2.66"}).status_code == 429
    assert client.post("/sign-in/", wrong, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 422
