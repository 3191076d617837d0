"""ha.cf, authkeys and haresources. Pure."""

from __future__ import annotations

from provisioning.desired import DesiredCluster, DesiredNode, DesiredVolume
from provisioning.render.managed import ManagedFile, header
from provisioning.render.paths import (
    AUTHKEYS,
    HA_CF,
    HARESOURCES,
    HEARTBEAT_WAITS,
    SNAPSHOTS,
    WAIT_FOR_DATA,
    WHOLE_MESSAGES,
)
from provisioning.steps import SecretRef, Text

SECRET = SecretRef("authkeys")
CLOSING = f"Filesystem::{SNAPSHOTS}::{SNAPSHOTS}::none::bind"

_WAIT_FOR_DATA = """\
# heartbeat.service waits here at its start until this node sees a copy of the data that is known to be current: its own, or its peer's.
# A Heartbeat that starts without one tries in vain to promote DRBD, gives up, and believes from then on that it holds the group: when the peer
# and the data are back, nobody would serve.  usage: storagepanel-wait-for-data RESOURCE
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
waited=0
while :; do
  state=$(drbdadm dstate "$1" 2>/dev/null)
  case $state in *UpToDate*) exit 0 ;; esac
  [ $((waited % 60)) -eq 0 ] && echo "$1 is ${state:-not up}: waiting for a copy that is known to be current"
  waited=$((waited + 2))
  sleep 2
done
"""
_WAITS = """\
[Unit]
After=drbd.service

[Service]
ExecStartPre=-@WHOLE@
ExecStartPre=@SCRIPT@ @RESOURCE@
TimeoutStartSec=infinity
"""


def ha_cf(desired: DesiredCluster, node: DesiredNode) -> ManagedFile:
    """Render ha.cf: unicast over the service network and over replication, never back by itself. One file fits both nodes when their interfaces
    have the same names; a node skips its own address."""
    h = desired.heartbeat
    paths = [(node.service_interface, [n.service_address for n in desired.nodes])]
    if node.replication_interface != node.service_interface or node.replication_address != node.service_address:
        paths.append((node.replication_interface, [n.replication_address for n in desired.nodes]))
    ucast = "".join(f"ucast {interface} {address}\n" for interface, addresses in paths for address in addresses)
    return ManagedFile(
        HA_CF,
        Text.of(
            header(desired.name, "Heartbeat's paths and times")
            + "logfile /var/log/ha-log\nlogfacility none\n"
            + f"keepalive {h.keepalive}\nwarntime {h.warntime}\ndeadtime {h.deadtime}\ninitdead {h.initdead}\n"
            + f"udpport {h.udpport}\n{ucast}auto_failback off\n"
            + "".join(f"node {n.name}\n" for n in desired.nodes)
            + "crm no\n"
        ),
    )


def waits(desired: DesiredCluster) -> tuple[ManagedFile, ...]:
    """Keep Heartbeat from starting on a node that cannot have the data: a script, and the drop-in that calls it."""
    script = "#!/bin/sh\n" + header(desired.name, "holds Heartbeat back until there is a current copy") + _WAIT_FOR_DATA
    unit = (
        _WAITS.replace("@SCRIPT@", WAIT_FOR_DATA)
        .replace("@RESOURCE@", desired.resource.name)
        .replace("@WHOLE@", WHOLE_MESSAGES)
    )
    return (
        ManagedFile(WAIT_FOR_DATA, Text.of(script), mode="0755"),
        ManagedFile(HEARTBEAT_WAITS, Text.of(header(desired.name, "Heartbeat waits for a current copy") + unit)),
    )


def authkeys(desired: DesiredCluster) -> ManagedFile:
    return ManagedFile(
        AUTHKEYS,
        Text.of(header(desired.name, "how the two Heartbeats know each other") + "auth 1\n1 sha1 ", SECRET, "\n"),
        mode="0600",
    )


def haresources(desired: DesiredCluster) -> ManagedFile:
    """Render the service group in the order it starts: promote, activate, mount, serve, and the address last, so that clients see the server only
    when the exports are up. It stops in the reverse order."""
    r = desired.resource
    members = [
        f"drbddisk::{r.name}",
        f"LVM::{r.vg}",
        *(member(desired, volume) for volume in sorted(desired.volumes, key=_depth)),
        *closing(desired),
        "nfs-kernel-server",
        f"IPaddr2::{'/'.join(_address(desired))}",
    ]
    line = " \\\n    ".join([desired.first_source, *members])
    return ManagedFile(
        HARESOURCES,
        Text.of(header(desired.name, "the service group in start order, the same on both nodes") + line + "\n"),
    )


def member(desired: DesiredCluster, volume: DesiredVolume) -> str:
    """Spell one volume as a member of the group. haresources knows no quoting, so the rules allow no blank and no `::` in what goes here."""
    parts = ["Filesystem", f"/dev/{desired.resource.vg}/{volume.name}", volume.mount_point, volume.fstype]
    options = mount_options(volume)
    return "::".join([*parts, ",".join(options)] if options else parts)


def closing(desired: DesiredCluster) -> tuple[str, ...]:
    """Close opened snapshots when the group leaves a node: this member's stop unmounts whatever is mounted below the directory.

    Without it a mounted snapshot would keep the volume group busy, its deactivation would fail, and Heartbeat would restart the node.
    On the node that takes over it mounts an empty directory on itself, which cannot fail over a snapshot that ran full.
    """
    return (CLOSING,) if any(snapshot.opened for snapshot in desired.snapshots) else ()


def mount_options(volume: DesiredVolume) -> tuple[str, ...]:
    """Give the options of a mount."""
    return with_quotas(volume.fstype, volume.mount_options)


def with_quotas(fstype: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """Add what was not asked for: XFS decides about quotas at the mount and cannot be asked later, so they are always on."""
    if fstype != "xfs":
        return options
    return options + tuple(o for o in ("uquota", "gquota") if o not in options)


def _address(desired: DesiredCluster) -> list[str]:
    """The line is the same on both nodes: an interface that is named differently on each is left for the agent to find by its network."""
    parts = [desired.service_ip, str(desired.service_prefix)]
    interfaces = {node.service_interface for node in desired.nodes}
    return parts + sorted(interfaces) if len(interfaces) == 1 else parts


def _depth(volume: DesiredVolume) -> tuple[int, str]:
    """A volume mounted below another one comes after it."""
    return volume.mount_point.count("/"), volume.mount_point
