"""`given.toml` of a golden case: a situation by name, what is asked, and a few facts that differ. `python -m tests.plans.given FILE` prints it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from provisioning.desired import BackingKind, DesiredCluster, DesiredExport, DesiredVolume, ExportClient
from provisioning.intents import CreateVolume, ForgetCluster, GrowVolume, ProvisionCluster, PublishExport
from provisioning.observed import HeartbeatReading, LogicalVolume, NodeObserved
from provisioning.plans import export, forget, provision, volume, volume_grow
from provisioning.render.paths import HARESOURCES
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
    observed = SITUATIONS[given["situation"]](wanted)
    wanted = replace(wanted, heartbeat=replace(wanted.heartbeat, **given.get("heartbeat", {})))
    for name, changes in given.get("seen", {}).items():
        observed[name] = _seen(observed[name], changes)
    match given["action"]:
        case "cluster.provision":
            return provision.plan(ProvisionCluster(wanted.name), wanted, observed, HEARTBEAT)
        case "volume.create":
            return volume.plan(CreateVolume(wanted.name, _volume(given["volume"])), wanted, observed, HEARTBEAT)
        case "volume.grow":
            return volume_grow.plan(GrowVolume(wanted.name, **given["volume"]), wanted, observed, HEARTBEAT)
        case "export.publish":
            return export.plan(PublishExport(wanted.name, _export(given["export"])), wanted, observed, HEARTBEAT)
        case "cluster.forget":
            return forget.plan(ForgetCluster(wanted.name), wanted, observed, HEARTBEAT)
    raise ValueError(given["action"])


def _seen(node: NodeObserved, changes: dict) -> NodeObserved:
    """A few facts of one node that differ: logical volumes by name, the size of the file system that was asked about."""
    for name, fields in changes.get("lvs", {}).items():
        old = node.lv("vg_data", name) or LogicalVolume(name, "vg_data", 0, f"/dev/vg_data/{name}", True)
        others = tuple(lv for lv in node.lvs or () if lv is not old)
        node = replace(node, lvs=(*others, replace(old, **fields)))
    for name, value in changes.get("facts", {}).items():
        node = replace(node, **{name: value})
    return node


def _volume(table: dict) -> DesiredVolume:
    return DesiredVolume(
        table["name"], table["size"], table["fstype"], table["mount_point"], tuple(table.get("options", ()))
    )


def _export(table: dict) -> DesiredExport:
    clients = tuple(ExportClient(client) for client in table["clients"])
    return DesiredExport(table["path"], table["fsid"], clients, table["volume"])


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
