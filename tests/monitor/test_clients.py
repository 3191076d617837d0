"""Clients as the monitor keeps them: rows of the node that told, and names that never hold a sweep up."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clusters import connected
from clusters.models import ClientName, ClusterState, ConnectedClient, NodeState
from clusters.models.clients import UNANSWERED
from provisioning.monitor import names
from provisioning.monitor.clients import write_clients
from provisioning.observed import NfsClient, NfsPool, NfsUse, NodeObserved
from tests import factories

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
WRITER = NfsClient("192.0.2.50", "4.2", "web1", "confirmed", 3.0, True, (NfsUse("/srv/web_files", 3, 1, 2, ("a/b",)),))
OLDER = NfsClient("192.0.2.52", "3", connected=True, paths=("/srv/media/films",))


@pytest.fixture
def cluster(db):
    cluster = factories.make_cluster()
    alice = cluster.nodes.get(name="alice")
    NodeState.objects.create(node=alice)
    ClusterState.objects.create(cluster=cluster, active_node=alice, last_active="alice")
    return cluster


def _write(cluster, *clients, node="alice", now=NOW, known=True):
    seen = NodeObserved(node, 0.0, nfs_clients=clients if known else None, nfs_pool=NfsPool(100, 3))
    return write_clients(cluster, {n.name: n for n in cluster.nodes.all()}, {node: seen}, now)


def test_rows_are_those_of_the_last_reading(cluster) -> None:
    assert _write(cluster, WRITER, OLDER) == ("192.0.2.50", "192.0.2.52")
    _write(cluster, WRITER)
    (row,) = ConnectedClient.objects.all()
    assert (row.address, row.version, row.renewed_at) == ("192.0.2.50", "4.2", NOW - timedelta(seconds=3))
    assert [(use.volume.name, use.opens, use.locks) for use in row.uses.all()] == [("web_files", 3, 1)]
    state = NodeState.objects.get(node__name="alice")
    assert (state.clients_read_at, state.nfs_arrived, state.nfs_waited) == (NOW, 100, 3)


def test_a_reading_without_clients_leaves_what_is_known_with_its_age(cluster) -> None:
    _write(cluster, WRITER)
    assert _write(cluster, known=False, now=NOW + timedelta(minutes=5)) == ()
    seen = connected.load(cluster, NOW + timedelta(minutes=5))
    assert [row.client.address for row in seen.rows] == ["192.0.2.50"]
    assert (seen.known, seen.fresh, seen.read_at) == (True, False, NOW)


def test_never_read_is_not_nobody(cluster) -> None:
    assert connected.load(cluster, NOW).known is False
    _write(cluster)
    seen = connected.load(cluster, NOW)
    assert (seen.known, seen.rows) == (True, [])


def test_an_export_shows_those_on_its_volume_and_counts_the_others(cluster) -> None:
    reader = replace(WRITER, address="192.0.2.51", uses=())
    _write(cluster, WRITER, reader, OLDER)
    seen = connected.load(cluster, NOW, export=cluster.exports.get())
    assert ([row.client.address for row in seen.rows], seen.idle) == (["192.0.2.50"], 1)
    seen = connected.load(cluster, NOW, volume=cluster.volumes.get(name="media"))
    assert [row.client.address for row in seen.rows] == ["192.0.2.52"]
    assert (seen.rows[0].opens, seen.rows[0].paths) == (None, ["/srv/media/films"])


@pytest.fixture
def line(monkeypatch):
    """A line of its own without threads: what is asked is seen, nothing asks a real name service."""
    monkeypatch.setattr(names, "_line", names.queue.Queue(maxsize=3))
    monkeypatch.setattr(names, "_start", lambda: None)
    return names._line


def test_a_name_is_asked_for_once_and_again_when_it_is_old(db, line) -> None:
    assert names.want(["192.0.2.50", "192.0.2.50"]) == 1
    assert names.want(["192.0.2.50"]) == 0
    names.keep("192.0.2.50", "web1.example.net", "")
    assert names.want(["192.0.2.50"]) == 0
    ClientName.objects.update(asked_at=timezone.now() - timedelta(hours=2))
    assert names.want(["192.0.2.50"]) == 1


def test_a_failure_keeps_the_name_that_was_known(db, line) -> None:
    names.want(["192.0.2.50"])
    names.keep("192.0.2.50", "web1.example.net", "")
    names.keep("192.0.2.50", "", "Host name lookup failure")
    assert ClientName.objects.get().name == "web1.example.net"


def test_a_full_line_takes_no_more_and_does_not_wait(db, line) -> None:
    began = time.monotonic()
    assert names.want([f"192.0.2.{number}" for number in range(20)]) == 3
    assert time.monotonic() - began < 10
    assert ClientName.objects.exclude(asked_at=None).count() == 3


def test_lookups_that_hang_hold_nobody_up_and_are_said(cluster, monkeypatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(names, "_line", names.queue.Queue(maxsize=64))
    monkeypatch.setattr(names, "_threads", [])
    monkeypatch.setattr(names, "lookup", lambda address: (release.wait(20), ("", ""))[1])
    monkeypatch.setattr(names, "keep", lambda *_: None)
    began = time.monotonic()
    names.want(_write(cluster, WRITER, OLDER))
    assert time.monotonic() - began < 10
    row = connected.load(cluster, timezone.now()).rows[0]
    assert row.unnamed == "asking for its name"
    row = connected.load(cluster, timezone.now() + timedelta(minutes=1)).rows[0]
    assert (row.name, row.unnamed) == ("", "the name service does not answer")
    release.set()


@pytest.mark.parametrize(("number", "said"), [(1, "has no name"), (4, "has no name"), (2, UNANSWERED), (3, UNANSWERED)])
def test_a_resolver_that_gave_up_is_not_taken_for_an_address_without_a_name(
    cluster, line, monkeypatch, number: int, said: str
) -> None:
    def gives_up(address: str) -> None:
        raise socket.herror(number, "Host name lookup failure")

    monkeypatch.setattr(socket, "gethostbyaddr", gives_up)
    names.want(_write(cluster, WRITER))
    names.keep(WRITER.address, *names.lookup(WRITER.address))
    assert connected.load(cluster, timezone.now()).rows[0].unnamed == said


def test_a_simulated_pair_asks_nobody(db, line) -> None:
    assert names.want(["192.0.2.50"], invented=True) == 0
    assert ClientName.objects.get().name == "client-50.example.net"
    assert line.empty()
