"""Every question to a node, and what the answers mean. Pure: World.read asks, nothing here does.

A reading that failed, or that a parser refused, leaves its facts None and an entry in `unreadable`; it never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provisioning.facts import (
    accounts,
    attributes,
    chrony,
    clients,
    defined,
    discard,
    disks,
    drbd,
    exports_file,
    file_system,
    files,
    heartbeat,
    keytab,
    lvm,
    mounts,
    network,
    quotas,
    software,
    texts,
)
from provisioning.facts.answers import Answer, ParseError
from provisioning.facts.assembly import Answers, assembled
from provisioning.facts.reading import Asked, Reading, Wanted
from provisioning.observed import NodeObserved
from provisioning.steps import cmd

__all__ = ["Asked", "ParseError", "Reading", "Wanted", "assemble", "full_readings", "sweep_readings"]


def sweep_readings(wanted: Wanted) -> tuple[Reading, ...]:
    """Ask for what moves, in seven processes: DRBD, addresses, mounts, exports, manager, digests, marks and clock.

    Not asked, because each costs as much as the rest together: units, LVM, disks, packages.
    """
    return (
        Reading("texts", cmd(*texts.GREP, *texts.SWEEP, exits=(0, 1, 2), timeout=20)),
        *_moving(wanted),
        Reading("heartbeat", cmd(*heartbeat.BELIEF, exits=(0, 1), timeout=20)),
        _last(wanted),
    )


def full_readings(wanted: Wanted) -> tuple[Reading, ...]:
    """Ask for everything a planner may need. Readings of one kind share a process.

    They all run at once, so on a small or busy node each waits for the others: they get a minute (seen: 15 s were too short).
    """
    found = [
        Reading("texts", cmd(*texts.GREP, *texts.FULL, exits=(0, 1, 2), timeout=20)),
        *_moving(wanted),
        Reading("heartbeat", cmd(*heartbeat.with_links(wanted.node), exits=(0, 1), timeout=30)),
        Reading("units", cmd(*software.SYSTEMCTL, timeout=30)),
        Reading("lsblk", cmd(*disks.LSBLK, timeout=20)),
        Reading("pvs", cmd(*lvm.PVS, timeout=20)),
        Reading("lvs", cmd(*lvm.LVS, timeout=20)),
        Reading("lvmconfig", cmd(*lvm.CONFIG, timeout=20)),
        Reading("defined", cmd(*defined.FIND, exits=(0, 1), timeout=20)),
        Reading("kernels", cmd(*software.KERNELS, exits=(0, 1), timeout=20)),
        Reading("modinfo", cmd(*software.MODINFO, exits=(0, 1), timeout=20)),
        Reading("dpkg", cmd(*software.dpkg_query(wanted.packages), exits=(0, 1), timeout=20)),
        Reading("exports-d", cmd(*exports_file.GREP_DIRECTORY, exits=(0, 1, 2), timeout=20)),
        Reading("tracking", cmd(*chrony.TRACKING, timeout=20)),
        Reading("clients", cmd(*clients.ASK, timeout=20)),
    ]
    if wanted.files:
        found.append(Reading("file-texts", cmd(*texts.GREP, *wanted.files, exits=(0, 1, 2), timeout=20)))
    if wanted.packages:
        found.append(Reading("apt", cmd(*software.apt_policy(wanted.packages), timeout=30)))
    if points := tuple(dict.fromkeys((*wanted.mount_points, *wanted.asked.directories))):
        found.append(Reading("lsattr", cmd(*attributes.lsattr(points), exits=(0, 1), timeout=20)))
    for number, directory in enumerate(wanted.asked.directories):
        found.append(Reading(f"inside-{number}", cmd(*file_system.inside(directory), exits=(0, 1), timeout=20)))
    if wanted.asked.fstype:
        found.append(Reading("file-system", cmd(*file_system.question(wanted.asked), exits=(0, 1), timeout=20)))
    if wanted.asked.quotas:
        found.append(Reading("quotas", cmd(*quotas.repquota(wanted.asked.quotas), exits=(0, 1, 2), timeout=20)))
    if wanted.asked.kerberos:
        found.append(Reading("klist", cmd(*keytab.KLIST, exits=(0, 1), timeout=20)))
    for database in accounts.DATABASES:
        if question := accounts.getent(database, wanted.asked.accounts):
            found.append(Reading(database, cmd(*question, exits=(0, 2), timeout=20)))
    if wanted.asked.discards:
        found.append(Reading("discard", cmd(*discard.LSBLK, timeout=20)))
    if wanted.service_ip:
        ping = network.ping(wanted.service_ip, wanted.service_interface)
        found.append(Reading("ping", cmd(*ping, exits=(0, 1, 2), timeout=5)))
        found.append(Reading("neighbour", cmd(*network.neighbour(wanted.service_ip), timeout=5)))
    return tuple(_patient(reading) for reading in (*found, _last(wanted)))


def _patient(reading: Reading) -> Reading:
    return replace(reading, command=replace(reading.command, timeout=60))


def _paths(wanted: Wanted) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*wanted.files, *wanted.secret_files)))


def _moving(wanted: Wanted) -> tuple[Reading, ...]:
    found = (
        Reading("events2", cmd(*drbd.EVENTS, timeout=20)),
        Reading("address", cmd(*network.ADDRESSES, timeout=20)),
        Reading("df", cmd(*mounts.DF, exits=(0, 1), timeout=20)),
    )
    paths = _paths(wanted)
    if not paths:
        return found
    return (*found, Reading("digests", cmd(*files.sha256sum(paths), exits=(0, 1), timeout=20)))


def _last(wanted: Wanted) -> Reading:
    """Read the node's clock at the very end, so that it can be compared with the moment the answer arrived."""
    paths = (*_paths(wanted), *((keytab.KEYTAB,) if wanted.asked.kerberos else ()))
    return Reading("entries", cmd(*files.find(paths), exits=(0, 1), timeout=20))


def assemble(node: str, readings: Sequence[Reading], results: Sequence[Answer], read_at: float) -> NodeObserved:
    """Turn the answers to `readings`, in the same order, into what was seen of the node at `read_at`."""
    return assembled(node, Answers(readings, results), read_at)
