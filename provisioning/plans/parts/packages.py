"""Packages without their services, LVM's filter before LVM, the clock, and NFS out of the boot sequence. Pure.

Services are kept from starting by `policy-rc.d`, the file Debian's maintainer scripts ask before they start anything: it works for units that do
not exist yet, for init scripts and for sockets alike, and one `rm` takes it back. Masking would have to name every unit a package may bring.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.checks.known import installed, missing
from provisioning.checks.ours import early_lvm, exact, signed, unit
from provisioning.desired import DesiredCluster
from provisioning.facts import lvm
from provisioning.observed import NodeObserved
from provisioning.plans.parts.services import AT_BOOT, RUNS, bring
from provisioning.plans.parts.writing import write
from provisioning.render.lvm import local_settings, own_patterns, patterns
from provisioning.render.managed import ManagedFile, header
from provisioning.render.paths import LVM_LOCAL, POLICY
from provisioning.steps import Expect, Kind, Stage, Step, Text, Wait, cmd, unchanged

START_AGAIN = cmd("rm", "--force", POLICY)
APT = ("--yes", "--option", "DPkg::Lock::Timeout=300")


def steps(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    written = _filter(desired, node)
    yield written
    yield from _install(desired, node)
    yield _in_force(desired, node, changed=written.runs)
    yield _module(node)
    yield _clock(node)
    yield _out_of_boot(node)


def _filter(desired: DesiredCluster, node: NodeObserved) -> Step:
    """Write the filter before LVM is even installed, so that it never runs without. dpkg keeps a settings file that is there."""
    wanted = patterns(desired, desired.node(node.node), node.lvm_filter or ())
    text = exact(node.file(LVM_LOCAL))
    early = early_lvm(
        desired, node
    )  # LVM may run before the root file system is there, by the initramfs' copy of this file
    step = write(
        node,
        [ManagedFile(LVM_LOCAL, Text.of(local_settings(text, desired.name, wanted)))],
        title="Keep LVM off what DRBD writes to" + (", in the initramfs too" if early else ""),
        stage=Stage.PACKAGES,
        load=cmd("update-initramfs", "-u", timeout=900) if early else None,
        note="The settings in this file override lvm.conf, which stays as it was shipped.",
    )
    if step.runs and node.lvm_filter == wanted:
        return unchanged(step, "LVM's filter does so already")
    return step


def _in_force(desired: DesiredCluster, node: NodeObserved, *, changed: bool) -> Step:
    """LVM is asked what it goes by, not the file: another file, a devices file or a slip in it would leave the disk open (row 5)."""
    own = own_patterns(desired, desired.node(node.node))
    listed = ",".join(f'"{pattern}"' for pattern in own)
    step = Step(
        node=node.node,
        title="See that LVM goes by the filter",
        kind=Kind.WAITS,
        stage=Stage.PACKAGES,
        wait=Wait(
            "LVM rejects what DRBD writes to, before any other pattern, and no devices file overrides that",
            cmd(*lvm.CONFIG),
            Expect(contains=(f"global_filter=[{listed}", "use_devicesfile=0")),
            bound=5,
        ),
    )
    seen = (node.lvm_filter or ())[: len(own)] == own and node.lvm_devices_file is False
    return unchanged(step, "it does") if seen and not changed else step


def _install(desired: DesiredCluster, node: NodeObserved) -> Iterator[Step]:
    policy = ManagedFile(
        POLICY,
        Text.of("#!/bin/sh\n" + header(desired.name, "no service starts while packages are installed") + "exit 101\n"),
        mode="0755",
    )
    hold = write(
        node, [policy], title="Keep services from starting", stage=Stage.PACKAGES, note="Taken away again below."
    )
    lacking = missing(node)
    install = Step(
        node=node.node,
        title="Install the packages",
        kind=Kind.WRITES,
        stage=Stage.PACKAGES,
        commands=(
            cmd("apt-get", *APT, "update", timeout=600, exits=(0, 100)),
            cmd(
                "apt-get", *APT, "--no-install-recommends", "--option", "Dpkg::Options::=--force-confold", "install", *lacking,
                timeout=3600, DEBIAN_FRONTEND="noninteractive",
            ),
        ),
        if_it_fails=START_AGAIN,
        note="heartbeat recommends pacemaker, which would become a second manager.",
    )  # fmt: skip
    free = Step(
        node=node.node,
        title="Let services start again",
        kind=Kind.WRITES,
        stage=Stage.PACKAGES,
        commands=(START_AGAIN,),
    )
    if not lacking:
        hold, install = (unchanged(step, "every package is installed") for step in (hold, install))
        if not signed(desired, node, POLICY):
            free = unchanged(free, "nothing keeps them")
    yield from (hold, install, free)


def _module(node: NodeObserved) -> Step:
    step = Step(
        node=node.node,
        title="Load DRBD's module",
        kind=Kind.WRITES,
        stage=Stage.PACKAGES,
        commands=(cmd("modprobe", "drbd"),),
        note="At every boot the package sees to it.",
    )
    loaded = node.drbd is not None and node.drbd.kernel is not None
    return unchanged(step, "it is loaded") if loaded else step


def _clock(node: NodeObserved) -> Step:
    return bring(
        node,
        cmd("systemctl", "enable", "--now", "chrony.service", timeout=600),
        units=("chrony",),
        to=RUNS | AT_BOOT,
        title="Keep the clock in step",
        stage=Stage.CLOCK,
        already="chrony runs, and starts at boot",
    )


def _out_of_boot(node: NodeObserved) -> Step:
    """The service group starts the NFS server when the disk is there, and nothing else does (row 17). Under a running manager it is not stopped."""
    manager = unit(node, "heartbeat")
    now = () if manager is not None and manager.active == "active" else ("--now",)
    step = Step(
        node=node.node,
        title="Take the NFS server out of the boot sequence",
        kind=Kind.WRITES,
        stage=Stage.QUIET,
        commands=(cmd("systemctl", "disable", *now, "nfs-server.service", timeout=600),),
        note="The service group starts it when the disk is there.",
    )
    server = unit(node, "nfs-server")
    if server is not None and server.enabled == "disabled" and installed(node, "nfs-kernel-server"):
        return unchanged(step, "it is disabled")
    return step
