"""Situations of the NFS server's settings: who is connected, and a job that broke off before the restart."""

from __future__ import annotations

from dataclasses import replace

from provisioning.desired import DesiredCluster, NfsSettings
from provisioning.intents import ConfigureNfs
from provisioning.observed import NfsClient, NfsUse, NodeObserved
from provisioning.plans import nfs_server
from provisioning.render import nfs
from provisioning.steps import Plan
from tests.pair import HEARTBEAT, with_file, with_unit

Observed = dict[str, NodeObserved]


def configured(wanted: DesiredCluster, observed: Observed, given: dict) -> Plan:
    if "kept" in given:  # what clients hold is kept on a volume already
        wanted = replace(wanted, nfs=replace(wanted.nfs, state_volume=given["kept"]))
        for file in (nfs.settings(wanted), nfs.nfsd(wanted), nfs.nfsdcld(wanted)):
            observed = {name: with_file(node, file.path, str(file.content)) for name, node in observed.items()}
    settings = wanted_settings(wanted, given["nfs"])
    observed = facts(observed, given)
    if given.get("written"):
        file = nfs.settings(replace(wanted, nfs=settings))
        observed = {name: with_file(node, file.path, str(file.content)) for name, node in observed.items()}
    return nfs_server.plan(ConfigureNfs(wanted.name, settings), wanted, observed, HEARTBEAT)


def wanted_settings(wanted: DesiredCluster, table: dict) -> NfsSettings:
    versions = {"versions": tuple(table["versions"])} if "versions" in table else {}
    return replace(wanted.nfs, **table | versions)


def facts(observed: Observed, given: dict) -> Observed:
    """The helpers run on both nodes, as they do on real ones; the clients are connected to alice."""
    clients = tuple(
        NfsClient(
            client["address"], client["version"], state="confirmed", connected=True,
            uses=(NfsUse(client["on"], client["opens"], client["locks"]),),
        )
        for client in given.get("clients", ())
    )  # fmt: skip
    for unit in ("nfsdcld", "rpc-statd"):
        observed = {name: with_unit(node, unit, "active", "static") for name, node in observed.items()}
    return observed | {"alice": replace(observed["alice"], nfs_clients=clients)}
