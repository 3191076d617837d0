"""Where a simulated pair is kept: one row, whoever asks for it first."""

from __future__ import annotations

import threading

import pytest

from clusters.models import Cluster
from provisioning.models import SimulatedPair
from provisioning.simulator import store
from tests.factories import make_cluster
from tests.services import in_threads


@pytest.mark.django_db(transaction=True)
def test_both_nodes_may_be_read_first_at_once() -> None:
    """A plan reads both in threads of their own; on PostgreSQL neither waits for a row that is not there yet."""
    cluster: Cluster = make_cluster(simulated=True)
    together = threading.Barrier(4, timeout=30)

    def look(_: int) -> list[str]:
        together.wait()
        with store.opened(cluster.pk) as pair:
            return sorted(pair.machines)

    assert in_threads(look, range(4), threads=4) == [["alice", "bob"]] * 4
    with store.opened(cluster.pk) as pair:
        pair.machines["alice"].mounts = {"/srv/zebra": ["/dev/vdb", "ext4", ""], "/srv/ox": ["/dev/vdc", "ext4", ""]}
    with store.opened(cluster.pk) as pair:
        assert (list(pair.machines), list(pair.machines["alice"].mounts)) == (
            ["alice", "bob"],
            ["/srv/zebra", "/srv/ox"],
        )
    assert SimulatedPair.objects.filter(cluster=cluster).count() == 1
