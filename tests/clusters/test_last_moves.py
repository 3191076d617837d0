"""The fleet tells the last move of every pair, and finds it without reading the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from clusters import fleet
from clusters.models import StateChange
from tests import stories

pytestmark = pytest.mark.django_db


def test_the_newest_move_of_each_pair_is_found_and_nothing_else() -> None:
    one, other, quiet = stories.make_pair("one"), stories.make_pair("other"), stories.make_pair("quiet")
    now = timezone.now()
    for cluster in (one, other):
        for minutes in (50, 10, 30):
            stories.change(cluster, "bob", "group", "alice", "bob", now - timedelta(minutes=minutes), cause="failover")
        stories.change(cluster, "bob", "disk", "UpToDate", "Failed", now)
        stories.change(cluster, "", "group", "bob", "", now - timedelta(minutes=2), cause="pause")
        stories.change(cluster, "", "group", "bob", "bob", now - timedelta(minutes=1), cause="pause")
    found = set(fleet.newest_moves([one.pk, other.pk, quiet.pk]))
    wanted = StateChange.objects.filter(subject="group", at=now - timedelta(minutes=10)).values_list("pk", flat=True)
    assert found == {None, *wanted}


def test_the_last_move_is_looked_up_in_its_own_index() -> None:
    """Without it a pair that never moved costs a walk through every move of the fleet."""
    moved, quiet = stories.make_pair("moved"), stories.make_pair("quiet")
    now = timezone.now()
    StateChange.objects.bulk_create(  # a database plans by what it holds: an empty table tells nothing about a fleet's
        StateChange(cluster=moved, subject=subject, old="alice", new="bob", at=now - timedelta(minutes=minutes))
        for minutes in range(2000)
        for subject in ("group", "disk")
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert "last_move_of_cluster" in fleet.newest_moves([moved.pk, quiet.pk]).explain()
