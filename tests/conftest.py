"""Fixtures for every test: people by their access level, and the pair web-files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import settings as hypothesis_settings
from nacl.public import PrivateKey

from clusters import audit, audit_triggers
from clusters.models import AuditHead, Cluster
from clusters.states import AccessLevel
from tests import factories, services

hypothesis_settings.register_profile("panel", deadline=None)  # a machine that is busy for a moment is no finding
hypothesis_settings.load_profile("panel")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the SQLite test database in a file: threads cannot wait for each other on one in memory."""
    if connections["default"].vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session", autouse=True)
def _flush_takes_the_audit_log_too() -> Iterator[None]:
    """Tests with real transactions empty the database at their end, which the audit log's triggers rightly refuse."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_all(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        audit_triggers.remove(self.connection)
        flush(self, sql_list)
        audit_triggers.install(self.connection)
        AuditHead.objects.create(pk=AuditHead.ONLY, sequence=0, hash=audit.GENESIS)

    patch = pytest.MonkeyPatch()
    patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_all)
    yield
    patch.undo()
    connections.close_all()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with services.postgresql() as url:
        yield url


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def worker_keys(tmp_path: Path, settings: Any) -> Path:
    """A key pair of the workers; gives the file with the private half."""
    key = PrivateKey.generate()
    path = tmp_path / "worker.key"
    path.write_text(base64.b64encode(bytes(key)).decode())
    settings.WORKER_PRIVATE_KEY_FILE = path
    settings.WORKER_PUBLIC_KEY = base64.b64encode(bytes(key.public_key)).decode()
    return path


@pytest.fixture
def ada(db: None) -> Any:
    """Admin everywhere."""
    return factories.make_user("ada", AccessLevel.ADMIN)


@pytest.fixture
def olga(db: None) -> Any:
    """Operator everywhere."""
    return factories.make_user("olga", AccessLevel.OPERATOR)


@pytest.fixture
def vera(db: None) -> Any:
    """Viewer everywhere."""
    return factories.make_user("vera", AccessLevel.VIEWER)


@pytest.fixture
def mallory(db: None) -> Any:
    """Signed in, and a stranger to every cluster."""
    return factories.make_user("mallory")


@pytest.fixture
def web_files(db: None) -> Cluster:
    """The pair alice and bob, present, with resource, volumes and an export."""
    return factories.make_cluster()
