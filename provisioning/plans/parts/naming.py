"""Clients that are given by their names, asked for on the node that serves before `exportfs -r`: it passes over a name that gets no answer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from clusters.export_access import host_name
from provisioning.desired import DesiredCluster
from provisioning.steps import Command, Expect, Guard, Kind, Stage, Step, Wait, cmd

PATIENCE = 30  # seconds; a name service that is away costs one name's time, as it ends the asking
# As exportfs asks. A name that surely nobody has is passed over: that client could not begin to be served by waiting.
ASK = (
    "for (@ARGV) { my ($error) = getaddrinfo($_, undef, {socktype => SOCK_STREAM}); next if !$error || $error == EAI_NONAME || $error == EAI_NODATA; "
    'print "The name service gives no answer about $_: $error.\\n"; exit 1 }'
)


def ask(*names: str) -> Command:
    return cmd("perl", "-MSocket=:addrinfo,SOCK_STREAM", "-e", ASK, "--", *names, timeout=PATIENCE)


def names(desired: DesiredCluster) -> frozenset[str]:
    """Those in the files of the panel: of exports and of opened snapshots."""
    exported = (client.client for export in desired.exports for client in export.clients)
    opened = (client for snapshot in desired.snapshots if snapshot.opened for client in snapshot.clients)
    return frozenset(client for client in (*exported, *opened) if host_name(client))


def asked(node: str, of: Collection[str], stage: Stage = Stage.MOUNTS) -> Iterator[Step]:
    for guard in known(of):
        yield Step(
            node,
            "Ask for the names of clients",
            Kind.READS,
            stage,
            wait=Wait(guard.says, guard.command, guard.expect, bound=0),
            note="exportfs looks every name up anew, and ends what a client is served whose name gets no answer. A name that never gets one again "
            "is taken out of its exports, or written into /etc/hosts of both nodes.",
        )


def known(of: Collection[str]) -> tuple[Guard, ...]:
    """Right before NFS is stopped: its start makes the table anew."""
    says = "the name service answers for every client that is given by its name"
    return (Guard(says, ask(*sorted(of)), Expect()),) if of else ()
