"""What goes into files and commands is checked once more by the rules of the forms: an inventory may be older than a rule.

Every field of `desired` has its rule here; a planner that finds one broken makes no step at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from clusters import rules
from clusters.findings import Finding, blocker
from provisioning.desired import (
    NFS_VERSIONS,
    Backing,
    BackingKind,
    DesiredCluster,
    DesiredExport,
    DesiredNode,
    DesiredResource,
    DesiredSnapshot,
    DesiredVolume,
    NfsSettings,
)

Asked = Callable[[], object]  # a rule with its value; raises RuleError
DAY = 86_400
MINORS = 2**20 - 1  # DRBD's own limit
FSIDS = 2**31 - 1


def cluster(desired: DesiredCluster) -> Iterator[Finding]:
    names = tuple(node.name for node in desired.nodes)
    h, n = desired.heartbeat, desired.nfs
    yield from _refused(
        partial(rules.slug, desired.name),
        partial(rules.service_ip, desired.service_ip),
        partial(rules.whole, desired.service_prefix, "The service IP's network length", 1, 32),
        partial(rules.one_of, desired.first_source, "The home of the service group", names),
        partial(rules.one_of, desired.manager, "The cluster manager", ("heartbeat",)),
        partial(rules.port, h.udpport),
        *(partial(rules.whole, getattr(h, name), f"Heartbeat's {name}", 1, DAY) for name in ("keepalive", "warntime", "deadtime", "initdead")),
    )  # fmt: skip
    yield from nfs(n)
    if len(set(names)) != len(names):
        yield _finding(f"Both nodes are called {rules.shown(names[0])}.")
    yield from _resource(desired.resource)
    for node in desired.nodes:
        yield from _node(node)
    for one in desired.volumes:
        yield from volume(one)
    for each in desired.exports:
        yield from _said_of(each)
    for taken in desired.snapshots:
        yield from snapshot(taken)


def nfs(n: NfsSettings) -> Iterator[Finding]:
    yield from _refused(
        partial(rules.whole, n.threads, "The number of NFS threads", 1, 4096),
        partial(rules.whole, n.grace_time, "The grace time", 1, DAY),
        partial(rules.whole, n.lease_time, "The lease time", 1, DAY),
        *(partial(rules.one_of, version, "The NFS version", NFS_VERSIONS) for version in n.versions),
        *(partial(rules.port, port) for port in (n.mountd_port, n.statd_port, n.lockd_port) if port),
    )
    if n.domain:
        yield from _refused(partial(rules.host_name, n.domain, "The domain"))
    if n.state_volume:
        yield from _refused(partial(rules.volume_name, n.state_volume))


def _resource(r: DesiredResource) -> Iterator[Finding]:
    yield from _refused(
        partial(rules.resource_name, r.name),
        partial(rules.vg_name, r.vg),
        partial(rules.whole, r.minor, "DRBD's minor", 0, MINORS),
        partial(rules.port, r.port),
        partial(rules.algorithm, r.verify_alg),
        partial(rules.rate, r.resync_rate),
        *(
            partial(rules.whole, getattr(r, name), name, 0, DAY)
            for name in ("wfc_timeout", "degr_wfc_timeout", "outdated_wfc_timeout")
        ),
    )


def _node(node: DesiredNode) -> Iterator[Finding]:
    keys = [key for key in (node.host_key, node.fence_key) if key]  # one that is missing is a finding of its own
    yield from _refused(
        partial(rules.node_name, node.name),
        partial(rules.ip, node.replication_address),
        partial(rules.ip, node.service_address),
        partial(rules.interface, node.replication_interface),
        partial(rules.interface, node.service_interface),
        *(partial(rules.public_key, key) for key in keys),
    )
    yield from _backing(node.backing)


def _backing(backing: Backing) -> Iterator[Finding]:
    yield from _refused(
        partial(rules.one_of, backing.kind, "The kind of backing device", tuple(BackingKind)),
        partial(rules.device, backing.disk),
        partial(rules.serial, backing.disk_serial),
        partial(rules.whole, backing.disk_size, "The disk's size", 1, rules.LARGEST),
    )
    if backing.link:
        yield from _refused(partial(rules.device, backing.link))
    if backing.kind is BackingKind.LV:
        yield from _refused(
            partial(rules.vg_name, backing.vg),
            partial(rules.lv_name, backing.lv),
            partial(rules.whole, backing.size, "The backing volume's size", 1, rules.LARGEST),
        )


def volume(wanted: DesiredVolume) -> Iterator[Finding]:
    yield from _refused(
        partial(rules.volume_name, wanted.name),
        partial(rules.whole, wanted.size, "The volume's size", 1, rules.LARGEST),
        partial(rules.one_of, wanted.fstype, "The file system", ("ext4", "xfs")),
        partial(rules.mount_point, wanted.mount_point),
        partial(rules.mount_options, _joined(wanted.mount_options)),
        *_ownership(wanted.owner, wanted.mode),
        *((partial(rules.lv_name, wanted.pool),) if wanted.pool else ()),
    )


@lru_cache(maxsize=4096)
def _said_of(wanted: DesiredExport) -> tuple[Finding, ...]:
    """A pair may have a thousand, and all but one are those of the plan before."""
    return tuple(export(wanted))


def export(wanted: DesiredExport, known: DesiredExport | None = None) -> Iterator[Finding]:
    """`known` is the export as it stands: options that a rule has never heard of stay, if they were there."""
    yield from _refused(
        partial(rules.export_path, wanted.path),
        partial(rules.whole, wanted.fsid, "The fsid", 1, FSIDS),
        partial(rules.volume_name, wanted.volume),
        *_ownership(wanted.owner, wanted.mode),
    )
    there = {client.client: client.options for client in known.clients} if known else {}
    for client in wanted.clients:
        kept = there.get(client.client, ())
        yield from _refused(
            partial(rules.network_client, client.client), partial(rules.export_options, _joined(client.options), kept)
        )
    if not wanted.clients:
        yield _finding(f"{rules.shown(wanted.path)} has no client.")


def snapshot(wanted: DesiredSnapshot) -> Iterator[Finding]:
    yield from _refused(
        partial(rules.volume_name, wanted.volume),
        partial(rules.snapshot_name, wanted.name),
        partial(rules.lv_name, wanted.lv),
        partial(rules.whole, wanted.size, "The room reserved for the snapshot", 1, rules.LARGEST),
        *(partial(rules.network_client, client) for client in wanted.clients),
    )
    if wanted.sec:
        yield from _refused(partial(rules.one_of, wanted.sec, "What clients prove", ("krb5", "krb5i", "krb5p")))
    if wanted.fsid is not None:
        yield from _refused(partial(rules.whole, wanted.fsid, "The fsid", 1, FSIDS))


def _ownership(owner: str, mode: str) -> tuple[Asked, ...]:
    given = (partial(rules.owner, owner),) if owner else ()
    return (*given, partial(rules.mode, mode)) if mode else given


def _joined(options: tuple[str, ...]) -> str:
    """Write options as their rule reads them; an empty one or one with a comma in it would be another list, so it stays a comma too many."""
    return ",".join(options) if all(option and "," not in option for option in options) else f"{','.join(options)},"


def _refused(*asked: Asked) -> Iterator[Finding]:
    for ask in asked:
        try:
            ask()
        except rules.RuleError as refused:
            yield _finding(refused.message, refused.offer)


def _finding(text: str, offer: str = "") -> Finding:
    hint = f"“{offer}” would be possible." if offer else "Change the draft."
    return blocker("spelling.refused", text, hint=hint)
