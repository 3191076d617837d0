"""`print_plan` reads a pair and prints what its set-up would do."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from clusters.models import Cluster
from clusters.states import Inventory
from provisioning.simulator.make import bare_pair
from tests.factories import make_cluster

pytestmark = pytest.mark.django_db(transaction=True)  # the nodes are read in threads of their own


def test_it_refuses_a_cluster_it_does_not_know() -> None:
    with pytest.raises(CommandError, match="no cluster nowhere"):
        call_command("print_plan", "nowhere")


def simulated_pair() -> Cluster:
    """The factory's pair with the simulated machines' own keys, addresses and disks."""
    cluster = make_cluster(inventory=Inventory.DRAFT, simulated=True)
    for name, machine in bare_pair(0).machines.items():
        node = cluster.nodes.get(name=name)
        node.host_key = machine.host_key
        node.service_address, node.service_interface = machine.service.split("/")[0], "eth1"
        node.replication_address, node.replication_interface = machine.replication.split("/")[0], "eth2"
        node.save()
        disk = machine.disks[1]
        node.backing.disk_serial, node.backing.disk_size = disk.serial, disk.size
        node.backing.save()
    return cluster


def test_it_prints_steps_and_reasons() -> None:
    out = io.StringIO()
    call_command("print_plan", simulated_pair().slug, stdout=out)
    text = out.getvalue()
    assert "$ drbdadm create-md r0" in text
    assert "blocker: fencing.key-missing" in text
    assert "••••" in text


def test_it_says_which_node_could_not_be_read() -> None:
    cluster = simulated_pair()
    cluster.nodes.filter(name="bob").update(host_key="ssh-ed25519 AAAAother")
    with pytest.raises(CommandError, match="bob"):
        call_command("print_plan", cluster.slug)
