"""From answers to NodeObserved: what was asked, what failed, what was not asked."""

from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from clusters.states import ConnectionState, DiskState, ReplicationState, Role
from provisioning.facts import Asked, Wanted, assemble, full_readings, sweep_readings, texts
from provisioning.observed import NodeObserved

HERE = Path(__file__).parent
WANTED = Wanted(
    "alpha",
    files=("/etc/exports", "/etc/empty", "/etc/absent"),
    secret_files=("/etc/ha.d/authkeys",),
    packages=("heartbeat", "nosuchpackage"),
    service_ip="192.168.77.10",
    service_interface="eth1",
    mount_points=("/srv/homes", "/srv/absent"),
    asked=Asked(
        ("/srv/shop",),
        "ext4",
        "/dev/vg_data/homes",
        "/srv/homes",
        quotas="/srv/homes",
        discards=True,
        kerberos=True,
        accounts=(("passwd", "carol"),),
    ),
)
PROC = {
    "/proc/sys/kernel/hostname": "alpha",
    "/proc/sys/kernel/osrelease": "6.1.0-56-cloud-amd64",
    "/proc/sys/kernel/arch": "x86_64",
    "/proc/sys/kernel/random/boot_id": "e0cfd2a8-b01b-4d9d-9481-d332ca4d8e1b",
    "/proc/uptime": "221.24 145.48",
    "/sys/module/drbd/version": "8.4.11",
    "/proc/fs/nfsd/threads": "8",
    "/proc/fs/nfsd/versions": "+3 +4 +4.1 +4.2",
    "/proc/fs/nfsd/nfsv4gracetime": "15",
    "/proc/fs/nfsd/nfsv4leasetime": "15",
    "/etc/machine-id": "b743ac2273e24189830daf161f01bc9d",
    "/etc/fstab": "# nothing\n/dev/vda1 / ext4 defaults 0 1\n",
}
NO_ADDRESS = '[{"ifname":"eth1","operstate":"UP","address":"52:54:00:77:01:01","addr_info":[]}]'


def captured(name, case="taking-over-alpha"):
    return (HERE / name / case / "output.txt").read_text()


def ok(stdout, exit=0, stderr=""):
    return SimpleNamespace(exit=exit, stdout=stdout, stderr=stderr, truncated=False)


def grepped(files):
    return "".join(f"{path}:{line}\n" for path, text in files.items() for line in text.rstrip("\n").split("\n"))


def small_files(**replaced):
    files = PROC | {
        "/proc/drbd": (HERE / "replicas/syncing-middle-alpha/proc-drbd.txt").read_text(),
        "/proc/self/mounts": captured("mounts"),
        "/etc/os-release": captured("os_release", "after-recovery-alpha"),
        "/proc/net/tcp": captured("tcp"),
        "/proc/net/udp": "   sl  local_address rem_address   st\n   67: 00000000:0143 00000000:0000 07 0:0 00:0 0 0 0 1 2 0 0\n",
        "/var/lib/nfs/etab": captured("exports"),
    }
    return ok(grepped({path: text for path, text in (files | replaced).items() if text is not None}), 2)


def healthy():
    digest = "ab" * 32
    found = "".join(f"f 644 root:root 1733925617.5 {path}\n" for path in ("/etc/exports", "/etc/empty"))
    return {
        "texts": small_files(),
        "events2": ok(captured("replicas", "syncing-middle-alpha")),
        "address": ok(captured("ip")),
        "df": ok(captured("df")),
        "units": ok(captured("units")),
        "digests": ok(
            f"{digest}  /etc/exports\n{digest}  /etc/empty\n{digest}  /etc/ha.d/authkeys\n",
            1,
            "sha256sum: /etc/absent: No such file or directory\n",
        ),
        "heartbeat": ok(captured("heartbeat")),
        "lsblk": ok(captured("lsblk")),
        "pvs": ok(captured("pvs")),
        "lvs": ok(captured("lvs")),
        "inside-0": ok(""),
        "file-system": ok(captured("file_system", "ext4-alpha")),
        "quotas": ok(captured("quotas", "both-kinds")),
        "klist": ok(captured("keytab", "two-principals")),
        "passwd": ok("carol:x:1001:1001::/home/carol:/bin/bash\n"),
        "discard": ok(captured("discard", "alpha")),
        "lvmconfig": ok(captured("lvmconfig")),
        "defined": ok(captured("defined")),
        "kernels": ok(captured("kernels")),
        "modinfo": ok("8.4.11\n"),
        "dpkg": ok(captured("dpkg"), 1),
        "exports-d": ok("/etc/exports.d/other.exports:/srv/other *(ro)\n"),
        "tracking": ok(captured("chronyc", "synchronised")),
        "clients": ok(captured("clients", "every-version")),
        "file-texts": ok("/etc/exports:/srv/a *(ro)\n", 2),
        "apt": ok(captured("apt")),
        "lsattr": ok(
            "----i---------e------- /srv/homes\n",
            1,
            "lsattr: No such file or directory while trying to stat /srv/absent\n",
        ),
        "ping": ok("", 1),
        "neighbour": ok("[]"),
        "entries": ok(
            "f 444 root:root 1795384906.2126915420 /proc/self/stat\n"
            f"{found}f 600 root:root 1.0 /etc/ha.d/authkeys\nf 600 root:root 1.0 /etc/krb5.keytab\n"
            "d 755 root:root 1.0 /var/lib/storagepanel/marks\nf 644 root:root 1.0 /var/lib/storagepanel/marks/r0-1795384000\n",
            1,
        ),
    }


def seen(readings=full_readings, **answers):
    asked = readings(WANTED)
    given = healthy() | answers
    return assemble("alpha", asked, [given[reading.name] for reading in asked], 1795384906.5)


def test_a_full_reading_of_a_real_node_leaves_nothing_unknown():
    observed = seen()
    assert observed.unreadable == ()
    assert [each.name for each in fields(NodeObserved) if getattr(observed, each.name) is None] == []
    assert (observed.nodename, observed.os_id, observed.os_version, observed.machine) == (
        "alpha",
        "debian",
        "12",
        "x86_64",
    )
    assert (observed.drbd.kernel, observed.drbd.available, observed.drbd.utils) == ("8.4.11", "8.4.11", "9.22.0")
    assert observed.node_clock == pytest.approx(1795384906.2126915)
    assert observed.packages == (("heartbeat", "1:3.0.6-13+b2"), ("nosuchpackage", None))
    assert observed.available == (("heartbeat", "1:3.0.6-13+b2"), ("nosuchpackage", None))
    assert observed.drbd_defined == (("r0", 0, 7788),)
    assert observed.fstab == (("/dev/vda1", "/"),)
    assert observed.unit("drbd").enabled == "enabled"
    assert observed.heartbeat.links == (("beta", "eth1", "up"), ("beta", "eth2", "up"))
    assert observed.mount("/").size == 3093078016
    assert observed.marks == ("r0-1795384000",)
    assert observed.immutable == ("/srv/homes",)
    assert {export.fsid for export in observed.exports} == {"101", "102"}
    assert observed.lv("vg_r0", "homes").active is True


def test_states_come_from_events2_and_progress_from_proc():
    replica = seen().replica("redundantstorage")
    assert (replica.role, replica.disk, replica.peer_disk) == (
        Role.PRIMARY,
        DiskState.UP_TO_DATE,
        DiskState.INCONSISTENT,
    )
    assert (replica.connection, replica.replication) == (ConnectionState.CONNECTED, ReplicationState.SYNC_SOURCE)
    assert replica.out_of_sync == 593852 * 1024
    assert (replica.progress.percent, replica.progress.left, replica.progress.total) == (
        41.8,
        612692 * 1024,
        1048508 * 1024,
    )
    assert (replica.progress.speed, replica.progress.eta) == (8016 * 1024, 76)


def test_a_finished_resync_shows_no_progress_although_proc_was_read_a_moment_earlier():
    replica = seen(events2=ok(captured("replicas", "uptodate-alpha"))).replica("redundantstorage")
    assert replica.replication is ReplicationState.ESTABLISHED
    assert replica.progress is None


def test_a_secret_file_is_hashed_and_never_printed():
    for readings in (full_readings, sweep_readings):
        asking = {reading.name for reading in readings(WANTED) if "/etc/ha.d/authkeys" in reading.command.argv}
        assert asking == {"digests", "entries"}
    file = seen().file("/etc/ha.d/authkeys")
    assert (file.sha256, file.text, file.mode, file.owner) == ("ab" * 32, None, "0600", "root:root")


def test_files_tell_present_empty_and_absent_apart():
    observed = seen()
    assert observed.file("/etc/exports").text == "/srv/a *(ro)\n"
    assert observed.file("/etc/empty").text == ""
    absent = observed.file("/etc/absent")
    assert (absent.sha256, absent.text, absent.mode) == (None, None, "")


def test_a_directory_that_cannot_be_looked_into_hides_nothing_of_the_others():
    wanted = replace(WANTED, asked=replace(WANTED.asked, directories=("/srv/full", "/srv/file/x", "/srv/new")))
    asked = full_readings(wanted)
    given = healthy() | {
        "inside-0": ok("report.odt\n"),
        "inside-1": ok("", 1, "find: ‘/srv/file/x’: Not a directory\n"),
        "inside-2": ok("", 1, "find: ‘/srv/new’: No such file or directory\n"),
    }
    observed = assemble("alpha", asked, [given[reading.name] for reading in asked], 1795384906.5)
    assert observed.directories == (("/srv/full", "full"), ("/srv/new", "absent"))
    assert "Not a directory" in dict(observed.unreadable)["directories"]


def test_a_file_that_may_not_be_read_is_not_an_absent_one():
    observed = seen(digests=ok("", 1, "sha256sum: /etc/exports: Permission denied\n"))
    assert observed.files == ()
    assert "could not be read" in dict(observed.unreadable)["files"]


@pytest.mark.parametrize("readings", [full_readings, sweep_readings])
@pytest.mark.parametrize(
    "answer, why",
    [
        (ok("", None), "did not answer in time"),
        (ok("rubbish\n", 3, "Segmentation fault"), "Segmentation fault"),
        (SimpleNamespace(exit=0, stdout="", stderr="", truncated=True), ""),
    ],
)
def test_when_everything_fails_all_is_unknown_and_nothing_raises(readings, answer, why):
    asked = readings(WANTED)
    observed = assemble("alpha", asked, [answer] * len(asked), 5.0)
    reasons = dict(observed.unreadable)
    known = {"node", "read_at", "files", "unreadable"}
    unknown = {each.name for each in fields(NodeObserved)} - known
    assert {name for name in unknown if getattr(observed, name) is not None} == set()
    assert {"nodename", "replicas", "mounts", "interfaces", "heartbeat", "files", "node_clock"} <= reasons.keys()
    assert any(why in reason for reason in reasons.values())
    assert set(reasons) <= unknown | {"files"}


def test_answers_that_end_early_leave_the_rest_unknown():
    asked = full_readings(WANTED)
    observed = assemble("alpha", asked, [healthy()["texts"]], 5.0)
    assert observed.nodename == "alpha"
    assert observed.disks is None
    assert dict(observed.unreadable)["disks"] == "the node's answer ended before this"


@pytest.mark.parametrize("name", sorted(healthy()))
def test_one_bad_answer_spoils_only_its_own_facts(name):
    observed = seen(**{name: ok("", None)})
    lost = {fact for fact, _ in observed.unreadable}
    assert lost or name == "neighbour"
    assert len(lost) <= 16
    assert observed.nodename == "alpha" or name == "texts"


def test_what_a_sweep_does_not_ask_is_unknown_without_a_reason():
    asked = {path: text for path, text in PROC.items() if path in texts.SWEEP}
    asked["/proc/drbd"] = (HERE / "replicas/syncing-middle-alpha/proc-drbd.txt").read_text()
    asked |= {"/proc/self/mounts": captured("mounts"), "/etc/os-release": "ID=debian\n"}
    observed = seen(sweep_readings, texts=ok(grepped(asked), 2), heartbeat=ok("local\n"))
    assert observed.unreadable == ()
    assert (observed.disks, observed.pvs, observed.units, observed.packages, observed.clock) == (None,) * 5
    assert (observed.listening, observed.listening_udp) == (None, None)
    assert observed.fstab is None
    assert observed.heartbeat.resources == "local"
    assert observed.replica("redundantstorage").progress.percent == 41.8


def test_a_sweep_is_at_most_eight_processes():
    assert len(sweep_readings(WANTED)) <= 8


def test_readings_change_nothing_and_have_names_of_their_own():
    for readings in (full_readings, sweep_readings):
        names = [reading.name for reading in readings(WANTED)]
        assert len(set(names)) == len(names)


def test_a_bare_node_has_no_copies_no_exports_no_manager():
    missing = ok("", 127, "env: 'drbdsetup': No such file or directory")
    bare = small_files(
        **{
            "/proc/drbd": None,
            "/sys/module/drbd/version": None,
            "/proc/fs/nfsd/threads": None,
            "/var/lib/nfs/etab": None,
        }
    )
    observed = seen(
        texts=bare,
        modinfo=ok("", 1, "modinfo: ERROR: Module drbd not found."),
        dpkg=ok("", 1, "dpkg-query: no packages found matching heartbeat"),
        defined=ok(
            "", 1, "find: '/etc/drbd.conf': No such file or directory\nfind: '/etc/drbd.d': No such file or directory\n"
        ),
        **dict.fromkeys(("events2", "heartbeat", "pvs", "lvs", "lvmconfig", "tracking"), missing),
    )
    assert (observed.replicas, observed.exports, observed.nfsd_threads, observed.drbd_defined) == ((), (), 0, ())
    assert observed.heartbeat.running is False
    assert (observed.drbd.kernel, observed.drbd.available, observed.drbd.utils) == (None, None, None)
    assert observed.packages == (("heartbeat", None), ("nosuchpackage", None))
    reasons = dict(observed.unreadable)
    assert reasons["pvs"] == "pvs is not installed"
    assert set(reasons) == {"pvs", "vgs", "lvs", "lvm_filter", "lvm_devices_file", "clock"}


def test_without_drbdsetup_proc_tells_and_the_files_give_the_name():
    replica = seen(events2=ok("", 127)).replicas[0]
    assert (replica.resource, replica.role, replica.size) == ("r0", Role.PRIMARY, None)
    assert replica.progress.percent == 41.8


def test_without_drbdsetup_drbd_9_is_unknown_and_not_empty():
    observed = seen(events2=ok("", 127), texts=small_files(**{"/proc/drbd": captured("proc_drbd", "9-header-only")}))
    assert observed.replicas is None
    assert "does not list" in dict(observed.unreadable)["replicas"]


WRITES = {
    "/proc/self/mountinfo": "24 1 254:1 / / rw,noatime shared:1 - ext4 /dev/vda1 rw\n",
    "/proc/diskstats": " 254       1 vda1 2702 691 220834 2146 2621 2987 69320 4906 0 3516 7053 0 0 0 0 0 0\n",
}


def test_what_was_written_to_a_device_is_told_in_bytes():
    root = seen(texts=small_files(**WRITES)).mount("/")
    assert (root.written, root.used is not None) == (69320 * 512, True)


@pytest.mark.parametrize("broken", [
    {"/proc/diskstats": "254 1 vda1 x\n"}, {"/proc/self/mountinfo": "24 1\n"}, {"/proc/diskstats": None},
    {"/proc/diskstats": WRITES["/proc/diskstats"].replace("69320", "-1")},
])  # fmt: skip
def test_counts_of_writes_that_cannot_be_read_take_nothing_else_with_them(broken):
    observed = seen(texts=small_files(**WRITES | broken))
    root = observed.mount("/")
    assert root.written is None and root.used is not None


def test_an_export_table_left_from_before_a_power_loss_exports_nothing():
    assert seen(texts=small_files(**{"/proc/fs/nfsd/threads": "0"})).exports == ()
    assert seen(texts=small_files(**{"/proc/fs/nfsd/threads": None})).exports == ()


@pytest.mark.parametrize(
    "ping, neighbour, answers",
    [
        (ok("", 0), "[]", True),
        (ok("", 1), '[{"dst":"192.168.77.10","dev":"eth1","lladdr":"52:54:00:77:01:02","state":["REACHABLE"]}]', True),
        (ok("", 1), '[{"dst":"192.168.77.10","dev":"eth1","lladdr":"52:54:00:77:01:02","state":["FAILED"]}]', False),
        (ok("", 1), '[{"dst":"192.168.77.10","dev":"eth1","state":["INCOMPLETE"]}]', False),
        (ok("", 1), "", False),
        (ok("", 2, "ping: connect: Network is unreachable"), "[]", False),
        (ok("", 2, "ping: unknown iface: eth9"), "[]", None),
    ],
)
def test_the_service_ip_is_answered_by_a_ping_or_by_arp(ping, neighbour, answers):
    assert seen(ping=ping, neighbour=ok(neighbour), address=ok(NO_ADDRESS)).service_ip_answers is answers


def test_a_node_that_holds_the_service_ip_cannot_tell_whether_another_does():
    held = NO_ADDRESS.replace("[]", '[{"family":"inet","local":"192.168.77.10","prefixlen":24}]')
    observed = seen(ping=ok("", 0), address=ok(held))
    assert observed.service_ip_answers is None
    assert observed.unreadable == ()


def test_stable_names_come_with_the_kernels_and_odd_ones_are_passed_over():
    links = (
        "/dev/disk/by-id/virtio-data-alpha ../../vdb\n/dev/disk/by-id/virtio-data-alpha-part1 ../../vdb1\n"
        "/dev/disk/by-id/lvm-pv-uuid-0aY1 ../../vdb\n/dev/disk/by-id/ata-a\\x20b ../../sda\n"
        '/dev/disk/by-id/usb-"; } ../../sdb\n/dev/disk/by-id/wwn-1 /somewhere/else\n/dev/disk/by-id/virtio-x ../../vdc ../../vdd\n'
    )
    observed = seen(kernels=ok(captured("kernels") + links))
    assert observed.unreadable == ()
    assert [kernel.version for kernel in observed.kernels] == ["6.1.0-56-cloud-amd64"]
    assert observed.disk_links == (
        ("/dev/disk/by-id/lvm-pv-uuid-0aY1", "/dev/vdb"),
        ("/dev/disk/by-id/virtio-data-alpha", "/dev/vdb"),
        ("/dev/disk/by-id/virtio-data-alpha-part1", "/dev/vdb1"),
    )


def test_a_file_cannot_pass_for_another():
    forged = small_files(**{"/etc/fstab": "/proc/sys/kernel/hostname:mallory"})
    assert seen(texts=forged).nodename == "alpha"


def test_whose_keys_there_are_is_asked_only_where_there_is_a_keytab_and_klist():
    gone = ok(healthy()["entries"].stdout.replace("/etc/krb5.keytab", "/etc/else"), 1)
    none = ok("", 1, "klist: Key table file '/etc/krb5.keytab' not found while starting keytab scan\n")
    absent = seen(entries=gone, klist=none)
    assert (absent.keytab, absent.principals, absent.unreadable) == (False, None, ())
    without = seen(klist=ok("", 127, "klist: command not found"))
    assert (without.keytab, without.principals, without.unreadable) == (True, None, ())
    broken = seen(klist=ok("", 1, "klist: Unsupported key table format version number while starting keytab scan\n"))
    assert (broken.keytab, broken.principals, [fact for fact, _ in broken.unreadable]) == (True, None, ["principals"])
    blind = seen(entries=ok("nonsense\n"))
    assert blind.keytab is None and "keytab" in dict(blind.unreadable)
