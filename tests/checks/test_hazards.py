"""Each test sets a situation of docs/hazards.md up and sees that the panel blocks or warns: the node, its networks and its manager."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from clusters.findings import Severity
from provisioning.checks import preflight, spelling
from provisioning.desired import BackingKind
from provisioning.intents import ProvisionCluster
from provisioning.observed import Clock, DrbdVersion, Kernel, Mount, NodeObserved, VolumeGroup
from provisioning.plans import provision
from provisioning.steps import Kind, Stage
from tests.checks.found import OK, B, W, blocks, changed, found
from tests.pair import GIB, HEARTBEAT, MIB, NAMES, bare, desired, finished, fresh, installed, with_unit


@pytest.mark.parametrize(
    "observed", [fresh(), {n: bare(n) for n in NAMES}, finished()], ids=["installed", "bare", "finished"]
)
def test_a_good_pair_is_not_blocked(observed: dict[str, NodeObserved]) -> None:
    assert blocks(found(observed)) == set()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"os_id": "ubuntu", "os_version": "24.04"}, "os.unsupported"),
        ({"os_version": "13"}, "os.unsupported"),
        ({"os_id": None}, "os.unknown"),
        ({"drbd": DrbdVersion(None, None, None)}, "drbd.module-missing"),
        ({"drbd": DrbdVersion(None, "9.2.3", None)}, "drbd.version-unproven"),
        ({"drbd": None}, "drbd.module-missing"),
        ({"kernels": (Kernel("6.1", True), Kernel("6.9", False, default=True))}, "drbd.module-missing-next-boot"),
        ({"nodename": "robert"}, "node.name-differs"),
        ({"nodename": None}, "node.name-unknown"),
        ({"packages": None}, "package.unknown"),
        ({"disks": None}, "disk.unknown"),
        ({"interfaces": None}, "network.unknown"),
        ({"lvm_devices_file": True}, "lvm.devices-file"),
        ({"lvm_filter": ("a|^/dev/vd.*|", "r|.*|")}, "lvm.filter-foreign"),
        ({"lvm_filter": ("r|^/dev/drbd|",)}, "lvm.filter-hides-drbd"),
        ({"drbd_defined": (("other", 0, 7000),)}, "drbd.minor-taken"),
        ({"drbd_defined": (("other", 5, 7788),)}, "port.taken"),
        ({"drbd_defined": (("r0", 5, 7000),)}, "drbd.name-taken"),
        ({"listening": (("0.0.0.0", 7788),)}, "port.taken"),
        ({"listening_udp": (("127.0.0.1", 694),)}, "heartbeat.port-taken"),
        ({"fstab": (("/dev/vg_data/homes", "/srv/homes"),)}, "fstab.names-it"),
        ({"fstab": (("/dev/vdb", "/mnt"),)}, "fstab.names-it"),
        ({"mounts": (Mount("/dev/vdc", "/srv/homes", "ext4", ()),)}, "mount.point-taken"),
        ({"vgs": (VolumeGroup("vg_data", GIB, GIB, 4 * MIB),)}, "vg.name-taken"),
        ({"vgs": (VolumeGroup("vg_local", GIB, GIB, 4 * MIB),)}, "vg.name-taken"),
    ],
)  # fmt: skip
def test_a_fact_about_bob_blocks(fields: dict[str, object], code: str) -> None:
    findings = found(changed("bob", **fields))
    assert findings[(code, "bob")] is B
    assert (code, "alice") not in findings


def test_heartbeats_port_is_a_udp_port() -> None:
    assert found(changed("bob", listening=(("0.0.0.0", 694),)))[("heartbeat.port-free", "bob")] is OK
    assert found(changed("bob", listening_udp=None))[("heartbeat.port-unseen", "bob")] is W


@pytest.mark.parametrize(
    ("addresses", "severity"),
    [
        (("0.0.0.0",), OK),
        (("::",), OK),
        (("192.0.2.12", "10.77.77.2"), OK),
        (("192.0.2.12",), B),
        (("10.77.77.2",), B),
        (("127.0.0.1", "192.0.2.11", "10.77.77.1"), B),
        ((), B),
    ],
)
def test_the_handlers_come_in_on_port_22(addresses: tuple[str, ...], severity: Severity) -> None:
    listening = (("0.0.0.0", 2222), *((address, 22) for address in addresses))
    findings = found(changed("bob", listening=listening))
    assert findings[("fencing.port-open" if severity is OK else "fencing.port-closed", "bob")] is severity
    assert findings[("fencing.port-open", "alice")] is OK


def test_no_disk_is_written_before_the_way_was_tried() -> None:
    for kind in BackingKind:
        wanted = desired(kind)
        steps = provision.plan(ProvisionCluster("web-files"), wanted, {n: bare(n) for n in NAMES}, HEARTBEAT).steps
        tried = [number for number, step in enumerate(steps) if step.stage is Stage.HANDLERS]
        first = next(number for number, step in enumerate(steps) if step.kind is Kind.DESTROYS)
        assert {steps[number].title for number in tried[-2:]} == {"Try the way to alice", "Try the way to bob"}
        assert tried[-1] < first


def test_a_running_heartbeat_of_ours_has_its_own_port_and_not_the_next_one() -> None:
    assert not [code for code, _ in found(finished()) if code.startswith("heartbeat.port")]
    other = replace(desired(), heartbeat=replace(desired().heartbeat, udpport=695))
    pair = finished()
    pair["bob"] = replace(pair["bob"], listening_udp=(("0.0.0.0", 694), ("::", 695)))
    assert found(pair, other)[("heartbeat.port-taken", "bob")] is B


def test_a_kernel_that_is_not_booted_next_only_warns() -> None:
    kernels = (Kernel("6.1", True, default=True), Kernel("5.10", False))
    assert found(changed("bob", kernels=kernels))[("drbd.module-missing-next-boot", "bob")] is W


def test_heartbeat_on_the_replication_link_only_warns() -> None:
    wanted = desired()
    alice, bob = wanted.nodes
    one = replace(bob, replication_interface="eth1", replication_address="192.0.2.22")
    assert found(fresh(), replace(wanted, nodes=(alice, one)))[("heartbeat.single-path", "")] is W
    assert found(fresh())[("heartbeat.two-paths", "")] is OK


@pytest.mark.parametrize(
    ("macs", "code"),
    [
        (("52:54:00:00:00:01", "52:54:00:00:00:01"), "heartbeat.single-path"),
        (("52:54:00:00:00:01", "52:54:00:00:00:02"), "heartbeat.two-paths"),
        (("", ""), "heartbeat.two-paths"),
    ],
    ids=["two names of one card", "two cards", "cards without an address"],
)
def test_two_names_of_one_card_are_one_path(macs: tuple[str, str], code: str) -> None:
    """eth0.10 and eth0.20, a bridge or a bond over one card: one cable."""
    cards = dict(zip(("eth1", "eth2"), macs, strict=True))
    interfaces = tuple(replace(i, mac=cards.get(i.name, "")) for i in installed("bob").interfaces or ())
    found_ = found(changed("bob", interfaces=interfaces))
    assert {c for c, _ in found_ if c in ("heartbeat.single-path", "heartbeat.two-paths")} == {code}


def test_heartbeats_times_must_fit() -> None:
    wanted = desired()
    assert (
        found(fresh(), replace(wanted, heartbeat=replace(wanted.heartbeat, initdead=12)))[("heartbeat.times", "")] is B
    )
    assert (
        found(fresh(), replace(wanted, heartbeat=replace(wanted.heartbeat, warntime=20)))[("heartbeat.times", "")] is B
    )


@pytest.mark.parametrize(("skew", "severity"), [(0.2, OK), (1.0, W), (3.0, B), (-3.0, B)])
def test_clocks_apart(skew: float, severity: Severity) -> None:
    observed = fresh()
    observed["bob"] = replace(observed["bob"], node_clock=(observed["bob"].node_clock or 0) + skew)
    findings = found(observed)
    assert findings[("clock.together" if severity is OK else "clock.skew", "")] is severity


@pytest.mark.parametrize(("start", "fix"), [(bare, "apt-get install chrony"), (installed, "chronyc makestep")])
def test_what_sets_a_clock_is_a_command_that_the_node_has(start: Callable[[str], NodeObserved], fix: str) -> None:
    observed = {name: start(name) for name in NAMES}
    observed["bob"] = replace(observed["bob"], node_clock=(observed["bob"].node_clock or 0) + 3)
    (skew,) = (f for f in preflight(desired(), observed) if f.code == "clock.skew")
    assert skew.fix == fix and ("is not installed on alice and bob" in skew.hint) == (start is bare)


def test_a_clock_that_follows_no_source_warns() -> None:
    assert found(changed("bob", clock=Clock(False, None)))[("clock.unsynchronised", "bob")] is W


def test_names_addresses_and_networks() -> None:
    wanted = desired()
    alice, bob = wanted.nodes
    gone = replace(wanted, nodes=(alice, replace(bob, replication_address="10.9.9.9")))
    assert found(fresh(), gone)[("network.address-missing", "bob")] is B
    interfaces = tuple(
        replace(i, addresses=("10.88.0.2/24",)) if i.name == "eth2" else i for i in installed("bob").interfaces or ()
    )
    routed = replace(wanted, nodes=(alice, replace(bob, replication_address="10.88.0.2")))
    assert found(changed("bob", interfaces=interfaces), routed)[("network.not-together", "")] is B


def test_the_service_ip_must_be_free_and_at_home_in_the_network() -> None:
    wanted = desired()
    assert found(changed("bob", service_ip_answers=True))[("service-ip.answered", "bob")] is B
    assert found(fresh(), replace(wanted, service_ip="198.51.100.1"))[("service-ip.outside", "bob")] is B
    assert found(fresh(), replace(wanted, service_ip="192.0.2.12"))[("service-ip.is-node-address", "bob")] is B
    assert found(fresh(), replace(wanted, service_prefix=25))[("service-ip.prefix", "bob")] is W
    assert found(finished())[("service-ip.ours", "")] is OK


def test_two_servers_with_one_machine_id_are_no_pair() -> None:
    assert found(changed("bob", machine_id="machine-of-alice"))[("node.same-machine", "")] is B


def test_a_second_manager_blocks() -> None:
    observed = fresh()
    observed["bob"] = with_unit(observed["bob"], "corosync.service", "inactive", "enabled")
    assert found(observed)[("manager.other-enabled", "bob")] is B


def test_a_package_nobody_offers_blocks() -> None:
    node = bare("bob")
    lost = replace(node, available=tuple((p, v) for p, v in node.available or () if p != "heartbeat"))
    assert found({"alice": bare("alice"), "bob": lost})[("package.unavailable", "bob")] is B


@pytest.mark.parametrize(
    "change",
    [
        {"service_ip": "not an address"},
        {"name": "Web Files"},
        {"volumes": (replace(desired().volumes[0], mount_point="/srv/a b"),)},
        {"volumes": (replace(desired().volumes[0], mount_point="/srv/a::b"),)},
        {"volumes": (replace(desired().volumes[0], name="../x"),)},
        {"exports": (replace(desired().exports[0], path="/srv/homes (rw"),)},
    ],
)
def test_what_no_form_would_take_is_not_planned(change: dict[str, object]) -> None:
    wanted = replace(desired(), **change)  # type: ignore[arg-type]
    codes = [f.code for f in spelling.cluster(wanted)]
    assert codes == ["spelling.refused"]


def test_a_node_that_was_not_read_blocks() -> None:
    assert found({"alice": installed("alice")})[("node.not-read", "bob")] is B


def test_without_a_wish_the_nodes_alone_are_told() -> None:
    codes = {f.code for f in preflight(None, fresh())}
    assert {"os.supported", "drbd.module", "node.name", "clock.together", "nfs.enabled-at-boot"} <= codes
    assert not any(code.startswith(("disk.", "service-ip.", "heartbeat.")) for code in codes)


def test_every_reason_says_what_to_do() -> None:
    observed = changed("bob", os_id="ubuntu", drbd=None, nodename="x", lvm_devices_file=True, service_ip_answers=True)
    for finding in preflight(desired(), observed):
        assert finding.severity is OK or finding.hint, finding.code
        assert finding.text.endswith(".") or finding.severity is OK, finding.text
