"""The simulated pair, driven by the commands of a set-up, read by the real readings."""

import json

import cattrs
import pytest

from clusters.states import DiskState, ReplicationState, Role
from provisioning.facts import Wanted, assemble, exports_file, full_readings, sweep_readings
from provisioning.render.paths import HEARTBEAT_WAITS
from provisioning.simulator import commands, physics
from provisioning.simulator.make import bare_pair
from provisioning.simulator.state import File, Pair
from provisioning.transport.world import Result

T0 = 1_790_000_000.0
RES = """resource r0 {
  on alice { device /dev/drbd0 minor 0; disk /dev/vg_local/r0; address 10.10.8.1:7788; meta-disk internal; }
  on bob { device /dev/drbd0 minor 0; disk /dev/vg_local/r0; address 10.10.8.2:7788; meta-disk internal; }
}
"""
HARESOURCES = """alice \\
  drbddisk::r0 \\
  LVM::vg_r0 \\
  Filesystem::/dev/vg_r0/homes::/srv/homes::ext4 \\
  nfs-kernel-server \\
  IPaddr2::10.10.0.50/24/eth1
"""


def seen(pair, name, now, light=False):
    wanted = Wanted(
        name, files=("/etc/exports",), packages=("heartbeat", "lvm2"), service_ip="10.10.0.50", service_interface="eth1"
    )
    readings = (sweep_readings if light else full_readings)(wanted)
    results = [Result(*commands.change(pair, pair.machines[name], r.command.argv, now)) for r in readings]
    return assemble(name, readings, results, now)


def do(pair, name, text, now, exit_code=0):
    answer = commands.change(pair, pair.machines[name], tuple(text.split()), now)
    assert answer[0] == exit_code, f"{name}$ {text}: {answer}"
    return answer[1]


@pytest.fixture
def made():
    """A pair set up by hand as a set-up does it, serving from alice."""
    pair = bare_pair(T0)
    for name in ("alice", "bob"):
        do(
            pair,
            name,
            "apt-get install --yes --no-install-recommends drbd-utils nfs-kernel-server heartbeat chrony",
            T0,
        )
        do(pair, name, "systemctl disable --now nfs-server", T0)
        do(pair, name, "pvcreate --yes /dev/vdb", T0)
        do(pair, name, "vgcreate --yes vg_local /dev/vdb", T0)
        do(pair, name, "lvcreate --yes --wipesignatures y --size 81920m --name r0 vg_local", T0)
        pair.machines[name].files |= {
            "/etc/drbd.d/r0.res": File(RES), "/etc/ha.d/haresources": File(HARESOURCES), "/etc/exports": File("/srv/homes 10.10.0.0/24(rw,fsid=1)\n"),
        }  # fmt: skip
        do(pair, name, "drbdadm create-md --force r0", T0)
        do(pair, name, "drbdadm up r0", T0)
    do(pair, "alice", "drbdadm primary --force r0", T0)
    do(pair, "alice", "pvcreate --yes /dev/drbd0", T0)
    do(pair, "alice", "vgcreate --yes --setautoactivation n vg_r0 /dev/drbd0", T0)
    do(pair, "alice", "lvcreate --yes --size 10g --name homes vg_r0", T0)
    do(pair, "alice", "mkfs.ext4 -q /dev/vg_r0/homes", T0)
    do(pair, "alice", "vgchange --activate n vg_r0", T0)
    do(pair, "alice", "drbdadm secondary r0", T0)
    for name in ("alice", "bob"):
        do(pair, name, "systemctl enable drbd heartbeat", T0)
        do(pair, name, "systemctl start heartbeat", T0)
    return pair


def test_a_bare_machine_reads_as_a_real_one_does():
    observed = seen(bare_pair(T0), "alice", T0)
    assert [fact for fact, _ in observed.unreadable] == ["clock"]
    assert observed.nodename == "alice"
    assert observed.disk("/dev/vdb").serial == "S-alice-1"
    assert observed.disk("/dev/vda1").mountpoints == ("/",)
    assert observed.replicas == ()
    assert observed.service_ip_answers is False


def test_the_first_sync_moves_with_the_clock_and_ends(made):
    half = seen(made, "bob", T0 + 600, light=True).replica("r0")
    assert (half.replication, half.disk) == (ReplicationState.SYNC_TARGET, DiskState.INCONSISTENT)
    assert 0 < half.progress.percent < 100
    assert half.progress.eta > 0
    done = seen(made, "bob", T0 + 3600, light=True).replica("r0")
    assert (done.progress, done.disk, done.role) == (None, DiskState.UP_TO_DATE, Role.SECONDARY)


def test_heartbeat_takes_the_group_at_its_home(made):
    observed = seen(made, "alice", T0 + 5)
    assert not observed.holds("10.10.0.50")
    physics.settle(made, T0 + 20)
    observed = seen(made, "alice", T0 + 21)
    assert observed.holds("10.10.0.50")
    assert observed.mount("/srv/homes").source == "/dev/mapper/vg_r0-homes"
    assert observed.exports[0].fsid == "1"
    assert observed.nfsd_threads == 8
    assert observed.replica("r0").role == Role.PRIMARY
    assert observed.unreadable == ()


def test_power_loss_moves_the_group_and_the_return_catches_up(made):
    now = T0 + 3600
    seen(made, "alice", T0 + 5)
    seen(made, "alice", T0 + 12)
    seen(made, "alice", now)
    physics.power_off(made, "alice")
    physics.settle(made, now + 1)
    physics.settle(made, now + 40)
    assert seen(made, "bob", now + 41).holds("10.10.0.50")
    physics.power_on(made, "alice", now + 60)
    physics.settle(made, now + 61)
    replica = seen(made, "alice", now + 61).replica("r0")
    assert replica.replication == ReplicationState.SYNC_TARGET
    physics.settle(made, now + 180)
    assert seen(made, "alice", now + 181).replica("r0").disk == DiskState.UP_TO_DATE
    assert not seen(made, "alice", now + 181).holds("10.10.0.50")


def test_heartbeat_is_held_back_on_a_node_that_is_left_with_the_older_copy(made):
    now = T0 + 3600
    for name in ("alice", "bob"):
        made.machines[name].files[HEARTBEAT_WAITS] = File("")
    for moment in (T0 + 12, now):
        physics.settle(made, moment)
    physics.power_off(made, "bob")
    physics.settle(made, now + 1)  # alice goes on: bob's copy is the older one
    physics.power_off(made, "alice")
    physics.power_on(made, "bob", now + 10)
    physics.settle(made, now + 400)
    assert do(made, "bob", "systemctl is-active heartbeat.service", now + 401, exit_code=3).strip() == "activating"
    assert not seen(made, "bob", now + 401).holds("10.10.0.50")
    physics.power_on(made, "alice", now + 500)
    for later in (501, 520, 900):
        physics.settle(made, now + later)
    assert [name for name in ("alice", "bob") if seen(made, name, now + 901).holds("10.10.0.50")] == ["alice"]


def test_a_group_whose_disk_is_already_primary_is_never_started():
    pair = bare_pair(T0)
    for name in ("alice", "bob"):
        do(pair, name, "apt-get install drbd-utils heartbeat nfs-kernel-server", T0)
        pair.machines[name].files |= {
            "/etc/drbd.d/r0.res": File(RES.replace("vg_local/r0", "vdb")),
            "/etc/ha.d/haresources": File(HARESOURCES),
        }
        do(pair, name, "drbdadm create-md r0", T0)
        do(pair, name, "drbdadm up r0", T0)
    do(pair, "alice", "drbdadm primary --force r0", T0)
    do(pair, "alice", "systemctl start heartbeat", T0)
    physics.settle(pair, T0 + 600)
    assert not seen(pair, "alice", T0 + 600).holds("10.10.0.50")


def test_a_full_volume_group_and_an_unseen_command_are_refused(made):
    do(made, "alice", "lvcreate --size 900g --name big vg_local", T0, exit_code=5)
    do(made, "alice", "dd if=/dev/zero of=/dev/vdb", T0, exit_code=127)


def test_our_own_exports_do_not_come_twice(made):
    made.machines["alice"].files |= {
        "/etc/exports.d/storagepanel.exports": File("/srv/homes *(ro)\n"), "/etc/exports.d/b.exports": File("/b *(ro)\n"),
    }  # fmt: skip
    said = commands.change(made, made.machines["alice"], exports_file.GREP_DIRECTORY, T0)
    assert said == (0, "/etc/exports.d/b.exports:/b *(ro)\n", "")


def test_it_survives_being_stored(made):
    again = cattrs.structure(json.loads(json.dumps(cattrs.unstructure(made))), Pair)
    assert again == made
