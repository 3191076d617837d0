"""One real panel for all the tests that break it; each finds it whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from clusters.models import Membership
from clusters.states import AccessLevel
from provisioning import doorbell
from tests import factories
from tests.faults.live import LivePanel, database
from tests.launcher.checkout import Installation

HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(
        tmp_path_factory.mktemp("faults") / "var",
        PANEL_JOB_LEASE="4", PANEL_SIMULATED_COMMAND_SECONDS="0.1", PANEL_DEMO="true",
    )  # fmt: skip
    made.up()
    yield made
    made.stop()


@pytest.fixture
def panel(
    running: Installation, settings: Any, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> Iterator[LivePanel]:
    """The panel with every part running, its database and its keys this process's own."""
    monkeypatch.setenv("PANEL_VAR", str(running.var))
    settings.PASSWORD_HASHERS = HASHERS
    settings.WORKER_PUBLIC_KEY = (running.var / "keys" / "worker.pub").read_text().strip()
    settings.WORKER_PRIVATE_KEY_FILE = running.var / "keys" / "worker.key"
    with django_db_blocker.unblock(), database(running.var / "panel.sqlite3"):
        made = LivePanel(running, person("ada", AccessLevel.ADMIN))
        settings.CELERY = {**settings.CELERY, "broker_url": f"redis+socket://{made.redis}"}
        doorbell._sender.cache_clear()
        made.whole()
        yield made
    doorbell._sender.cache_clear()


def person(name: str, level: AccessLevel) -> Any:
    if found := get_user_model().objects.filter(username=name).first():
        return found
    user = get_user_model().objects.create_user(name, password=factories.PASSWORD)
    Membership.objects.create(user=user, cluster=None, level=level)
    return user
