from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_installation_and_its_parts(client: Client, vera: Any) -> None:
    client.force_login(vera)
    page = client.get("/settings/").content.decode()
    assert "Health of the panel" in page
    assert 'hx-get="/panel/parts/"' in page
    assert "PANEL_TIME_ZONE" in page


def test_no_secret_is_shown(client: Client, ada: Any, settings: Any) -> None:
    settings.SECRET_KEY = "very-secret-value"
    client.force_login(ada)
    assert "very-secret-value" not in client.get("/settings/").content.decode()


def test_a_stranger_is_refused(client: Client, mallory: Any) -> None:
    client.force_login(mallory)
    response = client.get("/settings/")
    assert response.status_code == 403
    assert "You may not do this." in response.content.decode()


def test_it_only_reads(client: Client, ada: Any) -> None:
    client.force_login(ada)
    assert client.post("/settings/").status_code == 405
