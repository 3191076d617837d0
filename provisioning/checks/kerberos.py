"""Whether the nodes can serve who must prove himself with Kerberos. Pure. Nothing here blocks: a keytab may come after the export."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clusters.export_access import access_of
from clusters.figures import listed
from clusters.findings import Finding, fine, warning
from provisioning.checks.ours import unit
from provisioning.facts.keytab import KEYTAB
from provisioning.observed import NodeObserved

SERVICES = ("rpc-svcgssd", "gssproxy")  # either answers for the NFS server
BOTH = "Clients mount from one name, and after a failover the other node answers by it."


def asked(clients: Iterable[Sequence[str]]) -> bool:
    """Whether the options of some client name Kerberos."""
    return any(flavour.startswith("krb5") for options in clients for flavour in access_of(options).sec)


def ready(observed: Mapping[str, NodeObserved], clients: Iterable[Sequence[str]]) -> Iterator[Finding]:
    if not asked(clients):
        return
    for node in observed.values():
        yield from _keys(node)
        if node.keytab is not False:  # without one neither could start
            yield from _service(node)
    yield from _apart(observed)


def _keys(node: NodeObserved) -> Iterator[Finding]:
    if node.keytab is None:
        yield warning("kerberos.unseen", f"{node.node} did not tell whether it has {KEYTAB}.", node=node.node, hint="Plan again.")  # fmt: skip
    elif not node.keytab:
        then = f" Then start {SERVICES[0]} there: nobody is interrupted." if node.nfsd_threads else ""
        yield warning(
            "kerberos.no-keytab", f"{node.node} has no {KEYTAB}, so it lets nobody in with Kerberos.", node=node.node,
            hint=f"Put one there with the key of nfs/ and the name that clients mount from. {BOTH}{then}",
        )  # fmt: skip
    elif why := dict(node.unreadable).get("principals"):
        yield warning(
            "kerberos.unseen", f"{node.node} did not tell whose keys are in {KEYTAB}: {why}.", node=node.node,
            hint="NFS may not be able to read it either. Look at it there.", fix=f"klist -k {KEYTAB}",
        )  # fmt: skip
    elif node.principals is None:
        yield fine("kerberos.keytab", f"{node.node} has {KEYTAB}; klist is not installed to tell whose keys are in it", node=node.node)  # fmt: skip
    elif not _nfs(node):
        yield warning(
            "kerberos.no-principal", f"{KEYTAB} of {node.node} has no key of nfs/: clients ask for that.", node=node.node,
            hint=f"Add the key of nfs/ and the name that clients mount from. {BOTH}", fix=f"klist -k {KEYTAB}",
        )  # fmt: skip


def _nfs(node: NodeObserved) -> list[str]:
    return [each for each in node.principals or () if each.startswith("nfs/")]


def _apart(observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    keys = {name: _nfs(node) for name, node in observed.items()}
    if len(keys) > 1 and all(keys.values()) and not set.intersection(*map(set, keys.values())):
        each = "; ".join(f"{name} has {listed(of)}" for name, of in keys.items())
        yield warning(
            "kerberos.keys-differ", f"The nodes have no key of nfs/ in common: {each}.",
            hint=f"{BOTH} Put the same key on both nodes.",
        )  # fmt: skip


def _service(node: NodeObserved) -> Iterator[Finding]:
    """On the standby node both rest: Debian 12 has rpc-svcgssd start and stop with the NFS server. There it counts that one can start."""
    seen = [one for one in (unit(node, name) for name in SERVICES) if one]
    if node.nfsd_threads and seen and not any(one.active == "active" for one in seen):
        yield warning(
            "kerberos.no-service", f"Neither {' nor '.join(SERVICES)} runs on {node.node}: nobody gets in with Kerberos.",
            node=node.node, hint="Start it: nobody is interrupted.", fix=f"systemctl start {SERVICES[0]}",
        )  # fmt: skip
    elif node.nfsd_threads == 0 and seen and all(one.enabled in ("masked", "not-found") for one in seen):
        masked = [one.name.removesuffix(".service") for one in seen if one.enabled == "masked"]
        yield warning(
            "kerberos.no-service", f"{node.node} has no {' and no '.join(SERVICES)} that could start with NFS after a failover.",
            node=node.node, hint="Let one of them start." if masked else f"Install the one that NFS brings: {SERVICES[0]}.",
            fix=f"systemctl unmask {masked[0]}" if masked else "apt-get install --reinstall nfs-kernel-server",
        )  # fmt: skip
