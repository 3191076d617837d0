"""The plan of new settings of a pair's NFS server. More threads come at once; everything else takes a restart, which all clients feel. Pure.

1. The standby node's files; nothing serves there, so nothing restarts but what would keep an old port or an old store.
2. The directory that keeps what clients held, on its volume. 3. The active node's files, taken by one restart of the NFS server; if it does
not start with them, the previous files are put back and it starts with those. 4. Read back what it runs with; seen from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from clusters.findings import Finding, blockers
from clusters.states import Danger
from provisioning.checks import nfs_settings, spelling
from provisioning.checks.known import gaps
from provisioning.checks.ours import unit
from provisioning.checks.running import running
from provisioning.desired import DesiredCluster
from provisioning.ha.base import Backend, active_node
from provisioning.intents import ConfigureNfs
from provisioning.observed import NodeObserved
from provisioning.plans.parts import naming, nfs_files, serving, words
from provisioning.plans.parts.felt import felt
from provisioning.plans.parts.writing import write
from provisioning.render import nfs
from provisioning.steps import Command, Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, in_order, unchanged

RESTART = 5  # seconds from the stop of the NFS server until it runs again; 2.6 s were seen on slow nodes


def plan(intent: ConfigureNfs, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    after = replace(desired, nfs=intent.nfs)
    wrong = [*spelling.cluster(after), *nfs_settings.sensible(after)]
    findings: list[Finding] = [*wrong, *running(desired, observed, backend)]
    findings += [gap for node in observed.values() for gap in gaps(node)]
    active = active_node(desired, observed)
    ready = active is not None and len(observed) == 2 and not blockers(wrong)
    steps: tuple[Step, ...] = ()
    restart = False
    if ready and active:
        restart = _restarts(after, observed[active])
        findings += nfs_settings.reasons(desired, after, observed, active, restart=restart)
        steps = in_order(_steps(after, observed, active, restart=restart))
    todo = [step for step in steps if step.runs]
    idle = words.idle(steps, findings, same=desired.nfs == intent.nfs)
    return Plan(
        title="Set up the NFS server",
        summary=words.IDLE if idle else _summary(after, todo, restart=restart),
        now=words.now(desired, observed) + _now(observed, active),
        after=_after(after),
        steps=steps,
        findings=tuple(findings),
        danger=Danger.INTERRUPTS if restart else Danger.NONE,
        button=_button(todo, findings, restart=restart),
        impact=_impact(after, observed, restart=restart),
        idle=idle,
    )


def _restarts(after: DesiredCluster, node: NodeObserved) -> bool:
    """Whether something has to change that the NFS server reads at its start only: in its file, or in what it runs with."""
    if nfs_settings.runs_otherwise(after, node):
        return True
    return any(
        nfs_settings.without_threads(file, node) for file in (nfs.settings(after), *nfs_files.keeper(after, node))
    )


def _steps(
    after: DesiredCluster, observed: Mapping[str, NodeObserved], active: str, *, restart: bool
) -> Iterator[Step]:
    node, standby = observed[active], observed[after.peer(active).name]
    for each in (standby, node):
        yield from nfs_files.companions(after, each)
    if restart:
        yield from naming.asked(active, naming.names(after))
    yield write(
        standby,
        [nfs.settings(after)],
        title="Write the NFS server's settings",
        stage=Stage.EXPORTS,
        note="The standby node first; it reads them when it takes over.",
    )
    yield from _quiet(after, standby)
    if nfs.state_directory(after):
        yield _directory(after, active)
    yield from _take(after, node, restart=restart)
    yield from _seen(after, active, runs=restart or node.nfsd_threads != after.nfs.threads)


def _quiet(after: DesiredCluster, standby: NodeObserved) -> Iterator[Step]:
    """On the standby node: what runs without the NFS server and would go on as it began."""
    commands: list[Command] = []
    statd = unit(standby, "rpc-statd")
    if nfs.state_directory(after) and nfs_files.keeper_runs(standby):
        commands.append(nfs_files.LET_GO)
    if statd is not None and statd.active == "active" and nfs_settings.wrong_ports(after, standby, ("status",)):
        commands.append(cmd("systemctl", "restart", "rpc-statd.service"))
    if commands:
        yield Step(
            node=standby.node,
            title="Let go of the old ports and the old store",
            kind=Kind.WRITES,
            stage=Stage.EXPORTS,
            guards=(nfs_files.NOT_SERVING,),
            commands=tuple(commands),
            note="Nobody is served from here.",
        )


def _directory(after: DesiredCluster, node: str) -> Step:
    volume = after.volume(after.nfs.state_volume)
    assert volume is not None  # noqa: S101 - there is a directory
    return Step(
        node=node,
        title=f"Make the directory that keeps what clients held on {volume.name}",
        kind=Kind.WRITES,
        stage=Stage.EXPORTS,
        guards=(
            Guard(f"{volume.name} is mounted at {volume.mount_point}", cmd("mountpoint", volume.mount_point), Expect()),
        ),
        commands=(cmd("install", "--directory", "--mode=0700", nfs.state_directory(after)),),
        note="What is in it already stays.",
    )


def _take(after: DesiredCluster, node: NodeObserved, *, restart: bool) -> Iterator[Step]:
    again = cmd("systemctl", "restart", *_units(after, node), timeout=180)
    file = write(
        node,
        [nfs.settings(after)],
        title="Write the NFS server's settings and restart it" if restart else "Write the NFS server's settings",
        stage=Stage.LIVE,
        load=again if restart else None,
        both=restart,
        note="If it does not start with them, the previous file is put back, on both nodes, and it starts with that."
        if restart
        else "",
    )
    yield file
    if restart and not file.runs:
        yield Step(
            node=node.node, title="Restart the NFS server", kind=Kind.WRITES, stage=Stage.LIVE, commands=(again,),
            note="Its file was written before, and it still runs with what it read earlier.",
        )  # fmt: skip
    if not restart and node.nfsd_threads != after.nfs.threads:
        yield Step(
            node=node.node, title=f"Run {words.counted(after.nfs.threads, 'thread')}", kind=Kind.WRITES, stage=Stage.LIVE,
            commands=(cmd(*nfs.threads(after)),), note="A running server takes another number at once.",
        )  # fmt: skip


def _units(after: DesiredCluster, node: NodeObserved) -> tuple[str, ...]:
    """One call restarts them in their own order: the NFS server stops first and starts last."""
    statd = bool(nfs_settings.wrong_ports(after, node, ("status", "nlockmgr")))
    keeper = bool(nfs_files.keeper(after, node))
    wanted = (("rpc-statd.service", statd), ("nfsdcld.service", keeper), ("nfs-server.service", True))
    return tuple(unit for unit, needed in wanted if needed)


def _seen(after: DesiredCluster, node: str, *, runs: bool) -> Iterator[Step]:
    """Read back what the server runs with."""
    n = after.nfs
    versions = tuple(f"+{v}" if v in n.versions else f"-{v}" for v in ("3", "4.1", "4.2"))
    lacks = () if "4.0" in n.versions or n.versions == ("3",) else ("+4.0",)
    asks = [
        ("threads", Wait(f"it has {n.threads} threads", cmd("cat", "/proc/fs/nfsd/threads"), Expect(one_of=(str(n.threads),)), 30)),
        ("versions", Wait("it answers the wanted versions", cmd("cat", "/proc/fs/nfsd/versions"), Expect(contains=versions, lacks=lacks), 30)),
        ("lease time", Wait(f"the lease is {n.lease_time} s", cmd("cat", "/proc/fs/nfsd/nfsv4leasetime"), Expect(one_of=(str(n.lease_time),)), 30)),
        ("grace time", Wait(f"the grace is {n.grace_time} s", cmd("cat", "/proc/fs/nfsd/nfsv4gracetime"), Expect(one_of=(str(n.grace_time),)), 30)),
    ]  # fmt: skip
    if "3" in n.versions and n.ports:
        ports = tuple(f"tcp {port} {name}" for name, port in n.ports.items())
        asks.append(("ports", Wait("its helpers have their ports", cmd("rpcinfo", "-p"), Expect(contains=ports), 30)))
    if directory := nfs.state_directory(after):
        asks.append(("store", nfs_files.keeps(directory)))
    steps = [
        Step(node=node, title=f"Read the {what} back", kind=Kind.WAITS, stage=Stage.SERVE, wait=wait)
        for what, wait in asks
    ]
    steps.append(serving.probe(after))
    yield from steps if runs else (unchanged(step, "nothing of it is changed") for step in steps)


def _impact(after: DesiredCluster, observed: Mapping[str, NodeObserved], *, restart: bool) -> Impact:
    if not restart:
        return Impact(pause="none; the NFS server is not restarted", takes="a few seconds")
    grace = after.nfs.grace_time
    return felt(
        after,
        observed,
        pause=f"about {RESTART} s for the restart, then up to {grace} s until every client of version 4 has its locks back",
        takes="about a minute",
        notes=(
            f"Hard mounts wait and go on. During the grace time of {grace} s no new lock is given and no file is newly opened in version 4.",
        ),
    )


def _summary(after: DesiredCluster, todo: list[Step], *, restart: bool) -> str:
    if not todo:
        return "Everything is as it should be. Nothing would run."
    how = "The NFS server is restarted once." if restart else "The NFS server is not restarted; nobody is interrupted."
    return f"{_words(after)}. {words.counted(len(todo), 'step')}. {how}"


def _words(after: DesiredCluster) -> str:
    n = after.nfs
    parts = [
        f"{n.threads} threads",
        f"NFS {words.listed(n.versions)}",
        f"grace {n.grace_time} s, lease {n.lease_time} s",
    ]
    if n.domain:
        parts.append(f"domain {n.domain}")
    if n.ports:
        parts.append(f"ports {words.listed([f'{name} {port}' for name, port in n.ports.items()])}")
    if n.state_volume:
        parts.append(f"what clients hold kept on {n.state_volume}")
    return "; ".join(parts)


def _now(observed: Mapping[str, NodeObserved], active: str | None) -> str:
    node = observed.get(active) if active else None
    if node is None or node.nfs_running is None:
        return ""
    run = node.nfs_running
    return f" The NFS server runs {node.nfsd_threads} threads, versions {words.listed(run.versions)}, grace {run.grace} s, lease {run.lease} s."


def _after(after: DesiredCluster) -> str:
    if after.nfs.state_volume:
        kept = (
            "Locks of version 4.1 and later survive a failover: both nodes keep them in one place and go by one name. "
            "Those of version 4.0 are sure to survive one only, those of version 3 none."
        )
    else:
        kept = "What clients hold is kept on each node by itself: after a failover they do not get their locks back."
    return f"{_words(after)}, the same on both nodes, so it stays so after a failover. {kept}"


def _button(todo: list[Step], findings: list[Finding], *, restart: bool) -> str:
    if not todo and not blockers(findings):
        return "Nothing to do"
    return "Restart the NFS server with these settings" if restart else "Set these settings"
