"""Answers into NodeObserved: which parser reads which answer, and what is said where one cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

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
    host,
    keytab,
    lvm,
    mounts,
    network,
    nfs,
    proc_drbd,
    quotas,
    software,
    texts,
)
from provisioning.facts.answers import Answer, Missing, ParseError, refuse, stdout
from provisioning.facts.reading import Reading
from provisioning.observed import (
    Account,
    ActiveExport,
    DrbdVersion,
    FileState,
    Mount,
    NfsClient,
    NfsRunning,
    NodeObserved,
    ReplicaReading,
)

T = TypeVar("T")
WHY = 240  # characters of a reason
# Facts that stand or fall with one answer.
TOGETHER = {
    "texts": (
        "nodename", "kernel", "machine", "os_id", "os_version", "machine_id", "boot_id", "uptime", "drbd", "listening",
        "listening_udp", "fstab", "mounts", "exports", "nfsd_threads", "nfs_running",
    ),
    "entries": ("node_clock", "marks", "keytab"),
}  # fmt: skip


class NotAsked(Exception):
    """The reading is not part of this batch, so its facts are unknown without a reason."""


class Answers:
    """The answers of one batch by reading, and what could not be read of them."""

    def __init__(self, readings: Sequence[Reading], results: Sequence[Answer]) -> None:
        self.asked = {reading.name: reading.command.argv for reading in readings}
        self.given = {reading.name: result for reading, result in zip(readings, results, strict=False)}
        self.unreadable: dict[str, str] = {}

    def of(self, name: str) -> Answer:
        if name not in self.asked:
            raise NotAsked(name)
        if name not in self.given:
            raise refuse("the node's answer ended before this")
        return self.given[name]

    def arguments(self, name: str) -> tuple[str, ...]:
        """Give what was asked about: the arguments after `--`."""
        argv = self.asked.get(name, ())
        return argv[argv.index("--") + 1 :] if "--" in argv else ()

    @cached_property
    def small(self) -> texts.Texts:
        """What the small files hold, sorted once for everybody who looks into one."""
        return texts.parse(self.of("texts"), self.arguments("texts"))

    def out(self, name: str, tool: str, exits: tuple[int, ...] = (0,)) -> str:
        return stdout(self.of(name), tool, exits=exits)

    def see(self, fact: str, read: Callable[[], T]) -> T | None:
        """Read one fact; one that cannot be read is None and says why."""
        try:
            return read()
        except NotAsked:
            return None
        except ParseError as error:
            self.unreadable.setdefault(fact, " ".join(str(error).split())[:WHY])
            return None


def assembled(node: str, answers: Answers, read_at: float) -> NodeObserved:
    see, out = answers.see, answers.out
    observed = _identity(NodeObserved(node, read_at), answers)
    observed = _storage(observed, answers)
    observed = _services(observed, answers)
    held = network.holds(observed.interfaces or (), answers.asked.get("ping", ("",))[-1])
    observed = replace(
        observed,
        disks=see("disks", lambda: disks.parse(out("lsblk", "lsblk"))),
        disk_links=see("disk_links", lambda: disks.links(answers.of("kernels"))),
        clock=see("clock", lambda: chrony.parse(out("tracking", "chronyc"))),
        service_ip_answers=None
        if held
        else see("service_ip_answers", lambda: network.answers(answers.of("ping"), answers.of("neighbour"))),
        files=see("files", lambda: _files(answers)) or (),
        export_files=see("export_files", lambda: exports_file.beside(answers.of("exports-d"))),
        immutable=see("immutable", lambda: attributes.immutable(answers.of("lsattr"))),
        directories=_directories(answers),
        quotas=see("quotas", lambda: quotas.parse(answers.of("quotas"))),
        quota_tools=see("quota_tools", lambda: quotas.tools(answers.of("quotas"))),
        accounts=_accounts(answers),
        principals=see("principals", lambda: keytab.principals(answers.of("klist"))) if observed.keytab else None,
        layers=see("layers", lambda: discard.parse(out("discard", "lsblk"))),
        file_system_size=see("file_system_size", lambda: file_system.size(answers.of("file-system"))),
    )
    for reading in TOGETHER:
        if why := answers.unreadable.pop(reading, ""):
            answers.unreadable |= dict.fromkeys(TOGETHER[reading], why)
    return replace(observed, unreadable=tuple(sorted(answers.unreadable.items())))


def _identity(observed: NodeObserved, answers: Answers) -> NodeObserved:
    """Read who the node is and what runs on it."""
    see = answers.see
    small = see("texts", lambda: answers.small)
    entries = see("entries", lambda: files.entries(answers.of("entries")))
    observed = replace(
        observed,
        node_clock=see("node_clock", lambda: files.now(entries)) if entries is not None else None,
        marks=files.marks(entries) if entries is not None else None,
        keytab=keytab.KEYTAB in entries if entries is not None and "klist" in answers.asked else None,
    )
    if small is None:
        return observed
    release = see("os_id", lambda: host.os_release(small.must(texts.OS_RELEASE))) or {}
    tcp = small.content.get(texts.TCP, "") + small.content.get(texts.TCP6, "")
    udp = small.content.get(texts.UDP, "") + small.content.get(texts.UDP6, "")
    machine = small.content.get(texts.MACHINE)
    return replace(
        observed,
        nodename=see("nodename", lambda: host.word(small.must(texts.HOSTNAME))),
        kernel=see("kernel", lambda: host.word(small.must(texts.RELEASE))),
        machine=see("machine", lambda: host.word(machine)) if machine else None,
        os_id=release.get("ID"),
        os_version=release.get("VERSION_ID"),
        machine_id=see("machine_id", lambda: host.identifier(small.must(texts.MACHINE_ID))),
        boot_id=see("boot_id", lambda: host.identifier(small.must(texts.BOOT_ID))),
        uptime=see("uptime", lambda: host.uptime(small.must(texts.UPTIME))),
        listening=see("listening", lambda: network.listening(tcp)) if texts.TCP in small.asked else None,
        listening_udp=see("listening_udp", lambda: network.listening_udp(udp)) if texts.UDP in small.asked else None,
        fstab=see("fstab", lambda: mounts.fstab(small.get(texts.FSTAB) or "")) if texts.FSTAB in small.asked else None,
        mounts=see("mounts", lambda: _mounts(small, answers)),
        exports=see("exports", lambda: _exports(small)),
        nfsd_threads=see("nfsd_threads", lambda: nfs.threads(small.get(texts.NFSD_THREADS) or "0")),
        nfs_running=see("nfs_running", lambda: _nfs_running(small)),
    )


def _storage(observed: NodeObserved, answers: Answers) -> NodeObserved:
    """Read DRBD and LVM."""
    see, out = answers.see, answers.out
    known = see("drbd_defined", lambda: defined.defined(answers.of("defined")))
    return replace(
        observed,
        drbd=see("drbd", lambda: _drbd_version(answers)),
        drbd_defined=known,
        replicas=see("replicas", lambda: _replicas(answers, drbd.names_by_minor(known or ()))),
        pvs=see("pvs", lambda: lvm.physical_volumes(out("pvs", "pvs"))),
        vgs=see("vgs", lambda: lvm.volume_groups(out("pvs", "pvs"))),
        lvs=see("lvs", lambda: lvm.logical_volumes(out("lvs", "lvs"))),
        lvm_filter=see("lvm_filter", lambda: lvm.filters(out("lvmconfig", "lvmconfig"))),
        lvm_devices_file=see("lvm_devices_file", lambda: lvm.devices_file(out("lvmconfig", "lvmconfig"))),
    )


def _services(observed: NodeObserved, answers: Answers) -> NodeObserved:
    """Read network, units, packages, kernels and the manager."""
    see, out = answers.see, answers.out
    packages = answers.arguments("apt")
    found = see("packages", lambda: software.installed(answers.of("dpkg")))
    candidates = see("available", lambda: software.candidates(out("apt", "apt-cache")))
    return replace(
        observed,
        interfaces=see("interfaces", lambda: network.interfaces(out("address", "ip"))),
        units=see("units", lambda: software.units(out("units", "systemctl"))),
        packages=tuple((name, found.get(name)) for name in packages) if found is not None else None,
        thin_tools=software.THIN_TOOLS in found if found is not None else None,
        available=tuple((name, candidates.get(name)) for name in packages) if candidates is not None else None,
        kernels=see("kernels", lambda: software.kernels(answers.of("kernels"))),
        heartbeat=see("heartbeat", lambda: heartbeat.parse(answers.of("heartbeat"))),
        nfs_clients=_clients(observed, answers),
        nfs_pool=see("nfs_pool", lambda: clients.pool(answers.of("clients"))),
    )


def _clients(observed: NodeObserved, answers: Answers) -> tuple[NfsClient, ...] | None:
    """A server without threads has no client, whatever its tables remember."""
    found = answers.see("nfs_clients", lambda: clients.parse(answers.of("clients")))
    return () if found is not None and observed.nfsd_threads == 0 else found


def _nfs_running(small: texts.Texts) -> NfsRunning | None:
    if texts.NFSD_VERSIONS not in small.asked or not nfs.threads(small.get(texts.NFSD_THREADS) or "0"):
        return None
    return nfs.running(small.must(texts.NFSD_VERSIONS), small.must(texts.NFSD_GRACE), small.must(texts.NFSD_LEASE))


def _mounts(small: texts.Texts, answers: Answers) -> tuple[Mount, ...]:
    """Read mounts, with sizes where df could tell them: a df that hangs or fails leaves the sizes unknown."""
    found = _with_writes(mounts.parse(small.must(texts.MOUNTS)), small, answers)
    sized = answers.see("mounts", lambda: mounts.with_usage(found, answers.out("df", "df", (0, 1))))
    return found if sized is None else sized


def _with_writes(found: tuple[Mount, ...], small: texts.Texts, answers: Answers) -> tuple[Mount, ...]:
    info, counts = small.get(texts.MOUNTINFO), small.get(texts.DISKSTATS)
    if info is None or counts is None:
        return found
    return answers.see("mounts", lambda: mounts.with_writes(found, info, counts)) or found


def _exports(small: texts.Texts) -> tuple[ActiveExport, ...]:
    """Read what is exported. The table outlives a power loss, so without a server's threads it tells of the past and nothing is exported."""
    found = nfs.exports(small.get(texts.ETAB) or "")
    return found if nfs.threads(small.get(texts.NFSD_THREADS) or "0") else ()


def _drbd_version(answers: Answers) -> DrbdVersion:
    """Tell DRBD's versions: of the loaded module, of the one modprobe would load, of the utilities. In a sweep only the first."""
    small = answers.small
    loaded = small.get(texts.MODULE_VERSION)
    kernel = software.version(loaded) if loaded else proc_drbd.kernel_version(small.get(texts.PROC_DRBD) or "")
    modinfo = answers.see("drbd", lambda: answers.out("modinfo", "modinfo", (0, 1)))
    installed = answers.see("packages", lambda: software.installed(answers.of("dpkg"))) or {}
    return DrbdVersion(
        kernel=kernel,
        available=software.version(modinfo) if modinfo else None,
        utils=software.upstream(installed[software.UTILS]) if software.UTILS in installed else None,
    )


def _replicas(answers: Answers, names: dict[int, str]) -> tuple[ReplicaReading, ...]:
    """Read the copies. Without /proc/drbd the module is not loaded and there is none; without drbdsetup /proc/drbd tells what it can."""
    small = answers.see("texts", lambda: answers.small)
    proc = small.get(texts.PROC_DRBD) if small is not None else None
    if small is not None and proc is None:
        return ()
    try:
        dump = answers.out("events2", "drbdsetup")
    except Missing:
        if proc is None or not (proc_drbd.kernel_version(proc) or "").startswith("8."):
            raise refuse("drbdsetup is not installed, and this DRBD does not list its devices in /proc/drbd") from None
        return drbd.replicas_of_proc(proc, names)
    return drbd.replicas(dump, proc)


def _directories(answers: Answers) -> tuple[tuple[str, str], ...] | None:
    """Read whether the directories that were asked about are there and hold anything."""
    asked = {name: argv[1] for name, argv in answers.asked.items() if name.startswith("inside-")}
    found = []
    for name, directory in asked.items():
        state = answers.see("directories", lambda name=name: file_system.state(answers.of(name)))  # type: ignore[misc]
        if state is not None:  # one that cannot be looked into hides nothing of the others
            found.append((directory, state))
    return tuple(found) or None


def _accounts(answers: Answers) -> tuple[Account, ...] | None:
    found: list[Account] = []
    for database in (each for each in accounts.DATABASES if each in answers.asked):
        names = answers.arguments(database)
        one = answers.see("accounts", lambda d=database, n=names: accounts.parse(answers.of(d), d, n))  # type: ignore[misc]
        found += one or ()
    return tuple(found) or None


def _files(answers: Answers) -> tuple[FileState, ...]:
    paths = answers.arguments("digests")
    if not paths:
        return ()
    digests = files.digests(answers.of("digests"), paths)
    entries = answers.see("entries", lambda: files.entries(answers.of("entries"))) or {}
    content = answers.see("files", lambda: texts.parse(answers.of("file-texts"), answers.arguments("file-texts")))
    return files.states(digests, entries, content)
