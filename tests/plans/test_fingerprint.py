"""What a plan depends on, and what it must not depend on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from clusters.findings import blockers
from clusters.states import DiskState, ReplicationState
from provisioning.desired import BackingKind, DesiredCluster, DesiredVolume
from provisioning.intents import CreateVolume, ProvisionCluster
from provisioning.observed import Clock, Disk, DrbdVersion, FileState, NodeObserved, Progress, ReplicaReading
from provisioning.plans import provision, volume
from provisioning.render.paths import AUTHORIZED_KEYS, HARESOURCES, LVM_LOCAL, NFS_CONF
from tests.pair import GIB, HEARTBEAT, MIB, NAMES, bare, desired, finished, fresh, with_file, with_unit

Observed = dict[str, NodeObserved]


def fingerprint(observed: Mapping[str, NodeObserved], kind: BackingKind = BackingKind.LV) -> str:
    return provision.plan(ProvisionCluster("web-files"), desired(kind), observed, HEARTBEAT).fingerprint()


def blocked(observed: Mapping[str, NodeObserved], kind: BackingKind = BackingKind.LV) -> bool:
    return bool(blockers(provision.plan(ProvisionCluster("web-files"), desired(kind), observed, HEARTBEAT).findings))


def stirred(node: NodeObserved, chance: random.Random) -> NodeObserved:
    """Change everything that only counts, ages or drifts."""

    def resync(replica: ReplicaReading) -> ReplicaReading:
        left = chance.randrange(GIB)
        return replace(
            replica,
            replication=chance.choice((ReplicationState.ESTABLISHED, ReplicationState.SYNC_SOURCE)),
            peer_disk=chance.choice((DiskState.UP_TO_DATE, DiskState.INCONSISTENT)),
            out_of_sync=left,
            progress=chance.choice((None, Progress(chance.random() * 100, left, GIB, chance.randrange(9**9), None))),
        )

    moved = chance.uniform(0, 10**6)
    return replace(
        node,
        read_at=node.read_at + moved,
        node_clock=(node.node_clock or 0) + moved + chance.uniform(-0.2, 0.2),
        uptime=chance.uniform(1, 10**7),
        boot_id=f"boot-{chance.random()}",
        clock=Clock(chance.random() < 0.9, chance.uniform(-0.1, 0.1), "another"),
        replicas=tuple(resync(r) for r in node.replicas or ()),
        mounts=tuple(
            replace(m, used=chance.randrange(GIB), inodes_used=chance.randrange(9999)) for m in node.mounts or ()
        ),
        listening=(*(node.listening or ()), ("127.0.0.1", chance.randrange(20000, 60000))),
        marks=tuple(f"mark-{n}" for n in range(chance.randrange(3))),
        unreadable=(("neighbour", "timed out"),) if chance.random() < 0.3 else (),
        disks=tuple(reversed(node.disks or ())),
        interfaces=tuple(reversed(node.interfaces or ())),
    )


STATES: dict[str, Callable[[DesiredCluster], Observed]] = {
    "installed": lambda _: fresh(),
    "bare": lambda _: {name: bare(name) for name in NAMES},
    "finished": finished,
}


@pytest.mark.parametrize("kind", list(BackingKind))
@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_a_thousand_readings_that_differ_in_statistics_give_one_plan(
    state: Callable[[DesiredCluster], Observed], kind: BackingKind
) -> None:
    chance = random.Random(7)
    observed = state(desired(kind))
    plans = {fingerprint({name: stirred(node, chance) for name, node in observed.items()}, kind) for _ in range(167)}
    assert plans == {fingerprint(observed, kind)}


def on_bob(**fields: object) -> Callable[[Observed], Observed]:
    return lambda observed: {**observed, "bob": replace(observed["bob"], **fields)}  # type: ignore[arg-type]


def file_of_bob(path: str, text: str | None) -> Callable[[Observed], Observed]:
    return lambda observed: {**observed, "bob": with_file(observed["bob"], path, text, "0600")}


def unit_of_bob(name: str, active: str, enabled: str) -> Callable[[Observed], Observed]:
    return lambda observed: {**observed, "bob": with_unit(observed["bob"], name, active, enabled)}


FLIPS_OF_A_FRESH_PAIR = {
    "another serial number": on_bob(disks=(Disk("/dev/vdb", "disk", GIB, serial="other"),)),
    "another size": on_bob(disks=(Disk("/dev/vdb", "disk", 2 * GIB, serial="data-bob"),)),
    "something on the disk": on_bob(disks=(Disk("/dev/vdb", "disk", GIB, serial="data-bob", fstype="xfs"),)),
    "a package is missing": on_bob(packages=(("heartbeat", None),)),
    "the module is not loaded": on_bob(drbd=DrbdVersion(None, "8.4.11", "9.22.0")),
    "DRBD 9": on_bob(drbd=DrbdVersion("9.2.8", "9.2.8", "9.22.0")),
    "nfs is out of the boot": unit_of_bob("nfs-server.service", "inactive", "disabled"),
    "chrony is off": unit_of_bob("chrony.service", "inactive", "disabled"),
    "a filter stands": on_bob(lvm_filter=("r|^/dev/sr0$|",)),
    "LVM's local file differs": file_of_bob(LVM_LOCAL, "local {\n}\n"),
    "authorized_keys differs": file_of_bob(AUTHORIZED_KEYS, "ssh-ed25519 OTHER\n"),
    "somebody's haresources": file_of_bob(HARESOURCES, "bob IPaddr::1.2.3.4\n"),
    "the name differs": on_bob(nodename="robert"),
    "the service IP answers": on_bob(service_ip_answers=True),
    "LVM was not seen": on_bob(pvs=None),
    "units were not seen": on_bob(units=None),
}
FLIPS_OF_A_FINISHED_PAIR = {
    "haresources changed by hand": file_of_bob(HARESOURCES, "bob IPaddr::1.2.3.4\n"),
    "nfs settings are gone": file_of_bob(NFS_CONF, None),
    "nfs back in the boot sequence": unit_of_bob("nfs-server.service", "inactive", "enabled"),
    "drbd not enabled": unit_of_bob("drbd.service", "active", "disabled"),
    "heartbeat stopped": unit_of_bob("heartbeat.service", "inactive", "enabled"),
    "the resource is down": on_bob(replicas=()),
    "authkeys differ": lambda observed: {
        **observed,
        "bob": replace(
            observed["bob"],
            files=tuple(
                replace(f, sha256="0" * 64) if f.path.endswith("authkeys") else f for f in observed["bob"].files
            ),
        ),
    },
    "a mount point can be written into": on_bob(immutable=("/srv/homes",)),
}  # fmt: skip


@pytest.mark.parametrize("flip", FLIPS_OF_A_FRESH_PAIR.values(), ids=FLIPS_OF_A_FRESH_PAIR.keys())
def test_a_fact_that_matters_changes_the_plan_or_blocks_it(flip: Callable[[Observed], Observed]) -> None:
    changed = flip(fresh())
    assert blocked(changed) or fingerprint(changed) != fingerprint(fresh())


@pytest.mark.parametrize("flip", FLIPS_OF_A_FINISHED_PAIR.values(), ids=FLIPS_OF_A_FINISHED_PAIR.keys())
def test_a_difference_on_a_finished_pair_is_something_to_do(flip: Callable[[Observed], Observed]) -> None:
    assert not blocked(finished())
    changed = flip(finished())
    assert blocked(changed) or fingerprint(changed) != fingerprint(finished())


@pytest.mark.parametrize("kind", list(BackingKind))
def test_a_finished_pair_has_nothing_to_do(kind: BackingKind) -> None:
    plan = provision.plan(ProvisionCluster("web-files"), desired(kind), finished(desired(kind)), HEARTBEAT)
    assert plan.todo() == ()
    assert all(step.unchanged for step in plan.steps)
    assert plan.button == "Nothing to do"


def test_a_first_copy_is_never_forced_over_data() -> None:
    """Whatever else is broken: a pair of which one copy was ever good is not forced again."""
    for state in (DiskState.UP_TO_DATE, DiskState.OUTDATED, DiskState.CONSISTENT):
        observed = finished()
        for name, node in observed.items():
            replica = replace((node.replicas or ())[0], disk=state, peer_disk=DiskState.DUNKNOWN, connection=None)
            observed[name] = replace(node, replicas=(replica,))
        plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
        assert not any("--force" in str(command) for step in plan.todo() for command in step.commands)


def test_a_finished_pair_that_is_down_on_both_nodes_is_brought_up_and_not_forced() -> None:
    observed = {name: replace(node, replicas=()) for name, node in finished().items()}
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    commands = [str(command) for step in plan.todo() for command in step.commands]
    assert "drbdadm up r0" in commands
    assert not any("--force" in command or "create-md" in command for command in commands)


def test_nothing_is_stopped_under_a_running_manager() -> None:
    observed = {name: with_unit(node, "nfs-server.service", "active", "enabled") for name, node in finished().items()}
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    commands = [str(command) for step in plan.todo() for command in step.commands]
    assert commands == ["systemctl disable nfs-server.service"] * 2


def test_a_pair_of_which_nothing_can_be_seen_is_not_formatted() -> None:
    """Broken off between the first copy and the manager's files, rebooted since: LVM shows nothing because nobody is Primary."""
    observed = finished()
    for name in NAMES:
        node = observed[name]
        replica = replace((node.replicas or ())[0], role="Secondary", peer_role="Secondary")
        node = replace(
            node,
            replicas=(replica,),
            pvs=(node.pvs or ())[:1],
            vgs=(node.vgs or ())[:1],
            lvs=(node.lvs or ())[:1],
            mounts=(),
        )
        observed[name] = with_file(node, HARESOURCES, None)
    plan = provision.plan(ProvisionCluster("web-files"), desired(), observed, HEARTBEAT)
    assert "lvm.unseen" in {f.code for f in blockers(plan.findings)}


def test_a_missing_key_blocks() -> None:
    wanted = desired()
    bob = replace(wanted.nodes[1], fence_key="")
    plan = provision.plan(
        ProvisionCluster("web-files"), replace(wanted, nodes=(wanted.nodes[0], bob)), fresh(), HEARTBEAT
    )
    assert ("fencing.key-missing", "bob") in {(f.code, f.node) for f in blockers(plan.findings)}


def test_a_new_volume_leaves_the_other_files_alone() -> None:
    wanted = DesiredVolume("web", 100 * MIB, "ext4", "/srv/web")
    plan = volume.plan(CreateVolume("web-files", wanted), desired(), finished(), HEARTBEAT)
    assert {file.path for step in plan.todo() for file in step.files} == {HARESOURCES}


def test_a_file_that_cannot_be_read_is_not_taken_for_right() -> None:
    observed = finished()
    unread = tuple(
        FileState(f.path, f.sha256, None, f.mode) if f.path == NFS_CONF else f for f in observed["bob"].files
    )
    observed["bob"] = replace(observed["bob"], files=unread)
    assert blocked(observed)
