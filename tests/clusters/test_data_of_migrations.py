"""What migrations make of rows that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

pytestmark = pytest.mark.django_db(transaction=True)
Migrate = Callable[[str], Any]


@pytest.fixture
def migrate() -> Iterator[Migrate]:
    """Go to a migration of `clusters`; gives its models. The newest are back afterwards."""

    def to(name: str) -> Any:
        executor = MigrationExecutor(connection)
        executor.migrate([("clusters", name)])
        return MigrationExecutor(connection).loader.project_state([("clusters", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_a_snapshot_that_is_opened_was_opened_when_it_was_taken(migrate: Migrate) -> None:
    old = migrate("0020_snapshot_sec")
    pair = old.get_model("clusters", "Cluster").objects.create(slug="web")
    volume = old.get_model("clusters", "Volume").objects.create(cluster=pair, name="a", size=1, mount_point="/srv/a")
    for name, fsid in (("open", 2_000_001), ("shut", None)):
        old.get_model("clusters", "Snapshot").objects.create(
            volume=volume, name=name, lv=f"a-{name}", size=1, fsid=fsid
        )
    snapshots = migrate("0021_opened_at").get_model("clusters", "Snapshot").objects
    assert snapshots.get(name="open").opened_at == snapshots.get(name="open").created_at
    assert snapshots.get(name="shut").opened_at is None


def test_what_a_job_stopped_and_started_on_one_node_was_a_pause(migrate: Migrate) -> None:
    old = migrate("0022_changed_at")
    pair = old.get_model("clusters", "Cluster").objects.create(slug="web")
    began = timezone.now()
    rows = [  # cause, old, new, job
        ("stop", "alice", "", 7), ("start", "alice", "alice", None),
        ("stop", "alice", "", None), ("start", "alice", "alice", None),
        ("stop", "alice", "", 8), ("failover", "alice", "bob", None),
    ]  # fmt: skip
    for number, (cause, was, now, job) in enumerate(rows):
        old.get_model("clusters", "StateChange").objects.create(
            cluster=pair, subject="group", cause=cause, old=was, new=now, job=job, at=began + timedelta(minutes=number)
        )
    changes = migrate("0023_pauses_are_no_moves").get_model("clusters", "StateChange").objects
    assert list(changes.order_by("at").values_list("cause", flat=True)) == [
        "pause", "pause", "stop", "start", "stop", "failover",
    ]  # fmt: skip
