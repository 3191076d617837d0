"""Findings about a node by itself and about two nodes as a pair of machines: system, kernel, name, clock, packages, managers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from clusters.findings import Finding, blocker, fine, warning
from provisioning.checks.ours import unit
from provisioning.observed import NodeObserved

SKEW_WARN, SKEW_BLOCK = 0.5, 2.0  # seconds


def system(node: NodeObserved) -> Iterator[Finding]:
    name = node.node
    if node.os_id is None or node.os_version is None:
        yield blocker("os.unknown", f"{name} did not tell which system it runs.", hint="Read it again.", node=name)
    elif node.os_id != "debian" or node.os_version.split(".")[0] != "12":
        yield blocker(
            "os.unsupported",
            f"{name} runs {node.os_id} {node.os_version}; only Debian 12 ran in the lab.",
            hint="Install Debian 12 on this server.",
            node=name,
        )
    else:
        yield fine("os.supported", f"{name} runs Debian {node.os_version}", node=name)


def drbd(node: NodeObserved) -> Iterator[Finding]:
    """DRBD's module for the kernel that runs and for the one that boots next (row 19), and only the series that is proven."""
    name = node.node
    version = (node.drbd.kernel or node.drbd.available) if node.drbd else None
    if version is None:
        yield blocker(
            "drbd.module-missing",
            f"{name} has no DRBD module for its running kernel {node.kernel or ''}".rstrip() + ".",
            hint="Boot a kernel that has it, or install the modules of this one.",
            fix="modinfo drbd",
            node=name,
            hazard=19,
        )
    elif not version.startswith("8.4"):
        yield blocker(
            "drbd.version-unproven",
            f"{name} has DRBD {version}; setting up a pair is proven with 8.4 only.",
            hint="Use the module of Debian's own kernel.",
            fix="modinfo --field version drbd",
            node=name,
        )
    else:
        yield fine("drbd.module", f"{name} has DRBD {version} for kernel {node.kernel}", node=name, hazard=19)
    yield from _next_boot(node)


def _next_boot(node: NodeObserved) -> Iterator[Finding]:
    name = node.node
    if node.kernels is None:
        yield warning(
            "drbd.next-boot-unknown", f"Which kernel {name} boots next was not seen.", node=name, hazard=19,
            hint="Look into /boot and /lib/modules before you rely on a reboot.",
        )  # fmt: skip
        return
    for kernel in node.kernels:
        if kernel.has_drbd:
            continue
        make = blocker if kernel.default else warning
        when = "boots next" if kernel.default else "could boot"
        yield make(
            "drbd.module-missing-next-boot",
            f"{name} {when} kernel {kernel.version}, which has no DRBD module.",
            hint="After that boot the node would be without its copy.",
            fix=f"apt-get install --reinstall linux-image-{kernel.version}",
            node=name,
            hazard=19,
        )
    if all(kernel.has_drbd for kernel in node.kernels):
        yield fine("drbd.next-boot", f"Every installed kernel of {name} has DRBD", node=name, hazard=19)


def name(node: NodeObserved) -> Iterator[Finding]:
    if node.nodename is None:
        yield blocker(
            "node.name-unknown",
            f"{node.node} did not tell its name.",
            node=node.node,
            hazard=20,
            hint="Read the node again.",
            fix="uname --nodename",
        )
    elif node.nodename != node.node:
        yield blocker(
            "node.name-differs",
            f"The panel knows this node as {node.node}, but it calls itself {node.nodename}.",
            hint="DRBD and Heartbeat find themselves by this name. Rename one of the two.",
            fix=f"hostnamectl set-hostname {node.node}",
            node=node.node,
            hazard=20,
        )
    else:
        yield fine("node.name", f"{node.node} calls itself {node.nodename}", node=node.node, hazard=20)


def packages(node: NodeObserved) -> Iterator[Finding]:
    if node.packages is None:
        yield blocker(
            "package.unknown", f"The packages of {node.node} were not seen.", node=node.node,
            hint="Read the node again.", fix="dpkg-query --show drbd-utils",
        )  # fmt: skip
        return
    missing = [package for package, version in node.packages if version is None]
    if missing and node.available is None:
        yield blocker(
            "package.unknown", f"Which packages {node.node} could install was not seen.", node=node.node,
            hint="Read the node again.", fix=f"apt-cache policy {missing[0]}",
        )  # fmt: skip
        return
    candidates = dict(node.available or ())
    lost = [package for package in missing if candidates.get(package) is None]
    for package in lost:
        yield blocker(
            "package.unavailable",
            f"{node.node} has no {package}, and its package sources do not offer it.",
            hint="Give the node a package source that has it.",
            fix=f"apt-get update && apt-cache policy {package}",
            node=node.node,
        )
    if not lost:
        text = f"will install {', '.join(missing)}" if missing else "has every package"
        yield fine("package.available", f"{node.node} {text}", node=node.node)


def managers(node: NodeObserved) -> Iterator[Finding]:
    """Two managers on one pair would start the group twice."""
    for other in ("pacemaker", "corosync"):
        found = unit(node, other)
        if found is not None and (found.enabled in ("enabled", "enabled-runtime") or found.active == "active"):
            yield blocker(
                "manager.other-enabled",
                f"{other} is {'running' if found.active == 'active' else 'enabled'} on {node.node}; Heartbeat would be the second manager.",
                hint="Two managers would both move the service.",
                fix=f"systemctl disable --now {other}.service",
                node=node.node,
            )


def nfs_at_boot(node: NodeObserved) -> Iterator[Finding]:
    found = unit(node, "nfs-server")
    if found is None or found.enabled not in ("enabled", "enabled-runtime"):
        return
    live = sorted({export.path for export in node.exports or ()})
    exported = (
        f" It exports {', '.join(live)} now; clients of that lose it." if live and found.active == "active" else ""
    )
    yield warning(
        "nfs.enabled-at-boot",
        f"The NFS server of {node.node} starts at boot, before the disk can be there.{exported}",
        hint="The set-up takes it out of the boot sequence; the service group starts it.",
        fix="systemctl disable nfs-server.service",
        node=node.node,
        hazard=17,
    )


def same_machine(observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    for one, other in combinations(observed.values(), 2):
        if one.machine_id and one.machine_id == other.machine_id:
            yield blocker(
                "node.same-machine",
                f"{one.node} and {other.node} have the same machine id: they are one server, or copies of one image.",
                hint="A pair needs two servers. A copied image needs an id of its own.",
                fix="rm /etc/machine-id && systemd-machine-id-setup",
            )


def clocks(observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    """Compare the two clocks by way of the panel's (row 15)."""
    for node in observed.values():
        keeper = unit(node, "chrony")
        if node.clock is None and keeper is not None and keeper.active == "active":
            yield warning(
                "clock.source-unseen", f"Whether the clock of {node.node} follows a source was not seen.", node=node.node, hazard=15,
                hint="Read the node again.", fix="chronyc tracking",
            )  # fmt: skip
        if node.clock is not None and not node.clock.synchronised:
            yield warning(
                "clock.unsynchronised", f"The clock of {node.node} follows no source.", node=node.node, hazard=15,
                hint="Give chrony a time server that this node can reach.", fix="chronyc sources",
            )  # fmt: skip
    known = [(n, n.node_clock - n.read_at) for n in observed.values() if n.node_clock is not None]
    for (one, a), (other, b) in combinations(known, 2):
        skew = abs(a - b)
        if skew <= SKEW_WARN:
            yield fine("clock.together", f"The clocks of {one.node} and {other.node} agree", hazard=15)
            continue
        make = blocker if skew > SKEW_BLOCK else warning
        lacking = [n.node for n in (one, other) if dict(n.packages or ()).get("chrony") is None]
        how = (
            f" chrony, which sets a clock when it starts, is not installed on {' and '.join(lacking)}; without a time server use date --set."
            if lacking
            else ""
        )
        yield make(
            "clock.skew",
            f"The clocks of {one.node} and {other.node} are {skew:.1f} s apart.",
            hint=f"Logs cannot be put in order, and the newer copy cannot be told by time.{how}",
            fix="apt-get install chrony" if lacking else "chronyc makestep",
            hazard=15,
        )
