"""`given.toml` of a golden case: a situation by name, what is asked, and a few facts that differ. `python -m tests.plans.given FILE` prints it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from provisioning.desired import (
    BackingKind,
    DesiredCluster,
    DesiredExport,
    DesiredSnapshot,
    DesiredVolume,
    ExportClient,
)
from provisioning.intents import (
    CheckVolume,
    CloseSnapshot,
    CreateSnapshot,
    CreateVolume,
    DeleteSnapshot,
    DeleteVolume,
    EditExport,
    EditQuota,
    EditVolume,
    ForgetCluster,
    GrowResource,
    GrowVolume,
    KeepSnapshots,
    OpenSnapshot,
    ProvisionCluster,
    PublishExport,
    RepairVolume,
    RestoreSnapshot,
    TrimVolume,
    WithdrawExport,
)
from provisioning.observed import Account, HeartbeatReading, LogicalVolume, Mount, NodeObserved
from provisioning.plans import (
    export,
    export_edit,
    export_withdraw,
    forget,
    provision,
    quota_edit,
    resource_grow,
    snapshot_delete,
    snapshot_open,
    snapshot_restore,
    snapshot_take,
    volume,
    volume_check,
    volume_delete,
    volume_edit,
    volume_grow,
    volume_trim,
)
from provisioning.render.lvm import mapper
from provisioning.render.paths import HARESOURCES, SNAPSHOTS
from provisioning.steps import Plan, transcript
from tests.pair import (
    HEARTBEAT,
    NAMES,
    bare,
    desired,
    finished,
    fresh,
    installed,
    serving,
    standby,
    with_file,
    with_unit,
)
from tests.plans.given_nfs import configured

Observed = dict[str, NodeObserved]


def _broken_off(wanted: DesiredCluster) -> Observed:
    """Everything is made and written; alice never released it and Heartbeat was never started. bob lacks the group's file."""
    nodes = finished(wanted)
    for name in NAMES:
        node = replace(
            nodes[name], heartbeat=HeartbeatReading(False), nfsd_threads=0, exports=(), service_ip_answers=False
        )
        node = replace(node, interfaces=installed(name).interfaces, mounts=installed(name).mounts, listening_udp=())
        for unit in ("drbd.service", "heartbeat.service"):
            node = with_unit(node, unit, "inactive", "disabled")
        nodes[name] = node
    nodes["bob"] = with_file(nodes["bob"], HARESOURCES, None)
    return nodes


SITUATIONS: dict[str, Callable[[DesiredCluster], Observed]] = {
    "bare": lambda _: {name: bare(name) for name in NAMES},
    "installed": lambda _: fresh(),
    "one installed": lambda _: {"alice": installed("alice"), "bob": bare("bob")},
    "broken off": _broken_off,
    "finished": finished,
    "failed over": lambda wanted: {"alice": standby("alice", wanted), "bob": serving("bob", wanted)},
    "bob unread": lambda wanted: {"alice": finished(wanted)["alice"]},
    "nobody serves": lambda wanted: {name: standby(name, wanted) for name in NAMES},
}


def plan_of(path: Path) -> Plan:
    given = tomllib.loads(path.read_text())
    wanted = desired(BackingKind(given.get("backing", "lv")))
    wanted = replace(wanted, snapshots=tuple(_snapshot(row) for row in given.get("has", ())))
    observed = SITUATIONS[given["situation"]](wanted)
    if "has" in given:
        observed["alice"] = with_snapshots(observed["alice"], given["has"], given)
    wanted = replace(wanted, heartbeat=replace(wanted.heartbeat, **given.get("heartbeat", {})))
    wanted = replace(wanted, **{name: given.get(name, False) for name in ("in_service", "touched")})
    wanted = replace(wanted, nfs=replace(wanted.nfs, state_volume=given.get("keeps", "")))
    for name, changes in given.get("seen", {}).items():
        observed[name] = _seen(observed[name], changes)
    match given["action"]:
        case "cluster.provision":
            return provision.plan(ProvisionCluster(wanted.name), wanted, observed, HEARTBEAT)
        case "volume.create":
            return volume.plan(CreateVolume(wanted.name, _volume(given["volume"])), wanted, observed, HEARTBEAT)
        case "volume.check":
            return volume_check.plan(CheckVolume(wanted.name, **given["volume"]), wanted, observed, HEARTBEAT)
        case "volume.repair":
            return volume_check.repair(RepairVolume(wanted.name, **given["volume"]), wanted, observed, HEARTBEAT)
        case "quota.edit":
            return quota_edit.plan(EditQuota(wanted.name, **given["quota"]), wanted, observed, HEARTBEAT)
        case "volume.trim":
            return volume_trim.plan(TrimVolume(wanted.name, **given["volume"]), wanted, observed, HEARTBEAT)
        case "volume.grow":
            return volume_grow.plan(GrowVolume(wanted.name, **given["volume"]), wanted, observed, HEARTBEAT)
        case "volume.edit":
            was = wanted.volume(given["name"])
            return volume_edit.plan(
                EditVolume(wanted.name, given["name"], _edited(was, given["volume"])), wanted, observed, HEARTBEAT
            )
        case "volume.delete":
            gone = wanted.volume(given["name"])
            if given.get("gone"):  # the job was broken off after it was destroyed
                observed = {name: _without(node, wanted, gone) for name, node in observed.items()}
            left = tuple(e for e in wanted.exports if e.volume != gone.name or given.get("exported"))
            wanted = replace(wanted, exports=left)
            return volume_delete.plan(DeleteVolume(wanted.name, gone), wanted, observed, HEARTBEAT)
        case "resource.grow":
            return resource_grow.plan(GrowResource(wanted.name, given["size"]), wanted, observed, HEARTBEAT)
        case "export.publish":
            return export.plan(PublishExport(wanted.name, _export(given["export"])), wanted, observed, HEARTBEAT)
        case "snapshot.create":
            return snapshot_take.plan(
                CreateSnapshot(wanted.name, _snapshot(given["snapshot"])), wanted, observed, HEARTBEAT
            )
        case "snapshot.keep":
            run = KeepSnapshots(wanted.name, _snapshot(given["snapshot"]), tuple(given["drop"]), 1)
            return snapshot_take.keep(run, wanted, observed, HEARTBEAT)
        case "snapshot.delete":
            return snapshot_delete.plan(DeleteSnapshot(wanted.name, *given["snapshot"]), wanted, observed, HEARTBEAT)
        case "snapshot.restore":
            return snapshot_restore.plan(RestoreSnapshot(wanted.name, *given["snapshot"]), wanted, observed, HEARTBEAT)
        case "snapshot.open":
            opened = OpenSnapshot(wanted.name, _snapshot(given["snapshot"]))
            return snapshot_open.plan(opened, wanted, observed, HEARTBEAT)
        case "snapshot.close":
            return snapshot_open.close(CloseSnapshot(wanted.name, *given["snapshot"]), wanted, observed, HEARTBEAT)
        case "export.edit":
            return export_edit.plan(EditExport(wanted.name, _export(given["export"])), wanted, observed, HEARTBEAT)
        case "export.withdraw":
            asked = WithdrawExport(wanted.name, given["export"]["path"], given["export"]["fsid"])
            return export_withdraw.plan(asked, wanted, observed, HEARTBEAT)
        case "nfs.configure":
            return configured(wanted, observed, given)
        case "cluster.forget":
            return forget.plan(ForgetCluster(wanted.name), wanted, observed, HEARTBEAT)
    raise ValueError(given["action"])


def _seen(node: NodeObserved, changes: dict) -> NodeObserved:
    """A few facts of one node that differ: logical volumes by name, sizes of disks, what is not mounted, the size of a file system."""
    for name, fields in changes.get("lvs", {}).items():
        old = node.lv("vg_data", name) or LogicalVolume(name, "vg_data", 0, f"/dev/vg_data/{name}", True)
        others = tuple(lv for lv in node.lvs or () if lv is not old)
        fields = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
        node = replace(node, lvs=(*others, replace(old, **fields)))
    sizes = changes.get("disks", {})
    disks = (replace(disk, size=sizes.get(disk.path, disk.size)) for disk in node.disks or ())
    node = replace(node, disks=tuple(disks) if sizes else node.disks)
    if points := changes.get("unmounted"):
        node = replace(node, mounts=tuple(mount for mount in node.mounts or () if mount.target not in points))
    if rows := changes.get("accounts"):
        node = replace(node, accounts=tuple(Account(*row) for row in rows))
    for name, value in changes.get("facts", {}).items():
        value = tuple(tuple(each) for each in value) if isinstance(value, list) else value
        node = replace(node, **{name: value})
    return node


def _snapshot(table: dict) -> DesiredSnapshot:
    return DesiredSnapshot(
        table["volume"], table["name"], f"{table['volume']}-{table['name']}", table["size"], table.get("fsid"),
        tuple(table.get("clients", ())), table.get("as_root", False),
        table.get("scheduled", False), table.get("removing", False), table.get("sec", ""),
    )  # fmt: skip


def with_snapshots(node: NodeObserved, rows: list[dict], given: dict) -> NodeObserved:
    """Let LVM show the snapshots that are there (`attributes`, `filled`), hide one that is merged, and mount the opened ones."""
    shown = [row for row in rows if row.get("there", True)]
    lvs = [
        LogicalVolume(f"{row['volume']}-{row['name']}", "vg_data", row["size"], f"/dev/vg_data/{row['volume']}-{row['name']}", True,
                      row.get("attributes", "swi-a-s---"), row["volume"], row.get("filled", 10.0))
        for row in shown
    ]  # fmt: skip
    merging = given.get("merging", "")
    origins = [replace(lv, attributes="Owi-a-s---") if lv.name == merging else lv for lv in node.lvs or ()]
    mounts = [mount for mount in node.mounts or () if mount.target not in given.get("unmounted", ())]
    for row in shown:
        if row.get("mounted"):
            path, source = (
                f"{SNAPSHOTS}/{row['volume']}/{row['name']}",
                mapper("vg_data", f"{row['volume']}-{row['name']}"),
            )
            mounts += [Mount("/dev/vda1", SNAPSHOTS, "ext4", ("rw",)), Mount(source, path, "ext4", ("ro", "relatime"))]
    threads = 0 if given.get("stopped") else node.nfsd_threads
    exports = () if given.get("stopped") else node.exports
    used = sum(row["size"] for row in shown)
    vgs = tuple(replace(vg, free=vg.free - used) if vg.name == "vg_data" else vg for vg in node.vgs or ())
    return replace(node, lvs=(*origins, *lvs), mounts=tuple(mounts), nfsd_threads=threads, exports=exports, vgs=vgs)


def _without(node: NodeObserved, wanted: DesiredCluster, gone: DesiredVolume) -> NodeObserved:
    """The node after the volume was unmounted, taken out of the service group and destroyed."""
    left = replace(wanted, volumes=tuple(v for v in wanted.volumes if v != gone))
    text = str(HEARTBEAT.group(left, left.node(node.node)).content)
    node = with_file(node, HARESOURCES, text)
    return replace(
        node,
        mounts=tuple(m for m in node.mounts or () if m.target != gone.mount_point),
        lvs=tuple(lv for lv in node.lvs or () if lv.name != gone.name),
    )


def _edited(was: DesiredVolume, table: dict) -> DesiredVolume:
    options = tuple(table.pop("options", was.mount_options))
    return replace(was, mount_options=options, **table)


def _volume(table: dict) -> DesiredVolume:
    return DesiredVolume(
        table["name"], table["size"], table["fstype"], table["mount_point"], tuple(table.get("options", ())),
        table.get("owner", ""), table.get("mode", ""), table.get("pool", ""),
    )  # fmt: skip


def _export(table: dict) -> DesiredExport:
    clients = tuple(_client(client) for client in table["clients"])
    return DesiredExport(
        table["path"], table["fsid"], clients, table["volume"], table.get("owner", ""), table.get("mode", "")
    )


def _client(text: str) -> ExportClient:
    """`client`, or `client(options)`."""
    name, bracket, options = text.partition("(")
    return ExportClient(name, tuple(options.removesuffix(")").split(","))) if bracket else ExportClient(name)


def told(plan: Plan) -> str:
    """Print the whole plan as a person reads it on the job page: the words first, then the transcript, then the reasons."""
    head = [
        plan.title,
        plan.summary,
        f"Now: {plan.now}",
        f"After: {plan.after}",
        f"Button: {plan.button}",
        f"Danger: {plan.danger}",
    ]
    impact = plan.impact
    head += [f"Interrupted: {impact.interrupted}", f"Pause: {impact.pause}", f"Takes: {impact.takes}", *impact.notes]
    if plan.typed_name:
        head.append(f"Typed: {plan.typed_name}")
    reasons = [f"{f.severity}: {f.code} {f.text}" for f in plan.findings if f.severity != "ok"]
    return "\n".join([*head, "", transcript(plan), *reasons]).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(told(plan_of(Path(sys.argv[1]))))
