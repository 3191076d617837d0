"""Whole situations for pages: the pair web-files in the middle of a resync, and a fleet in which every state occurs once.

Sizes, names and times follow one story: bob's disk was replaced at 08:41, the resync runs since 08:43, it is 12:07 now.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from clusters import audit
from clusters.models import (
    Backing,
    ClientName,
    ClientUse,
    Cluster,
    ClusterState,
    ConnectedClient,
    Export,
    ExportClient,
    Node,
    NodeState,
    Replica,
    Resource,
    StateChange,
    Volume,
    VolumeUsage,
)  # fmt: skip
from clusters.states import Health, Inventory
from tests import factories

GIB = 1024**3
MIB = 1024**2
OK_REASONS = [
    {"code": "drbd.redundant", "severity": "ok", "text": "Both copies are UpToDate and connected.", "hint": "", "node": "", "hazard": 0},
    {"code": "manager.paths", "severity": "ok", "text": "The heartbeat paths are up.", "hint": "", "node": "", "hazard": 4},
    {"code": "files.agree", "severity": "ok", "text": "The managed files agree on both nodes.", "hint": "", "node": "", "hazard": 20},
    {"code": "clock.agree", "severity": "ok", "text": "The clocks agree within 0.01 s.", "hint": "", "node": "", "hazard": 15},
]  # fmt: skip


def make_pair(
    slug: str, names: tuple[str, str] = ("alice", "bob"), *, ip: str = "10.10.0.50", labels: str = "",
    volumes: tuple[tuple[str, int, int], ...] = (("data", 100, 40),), active: int | None = 0, vg: str = "vg_data", **fields: Any,
) -> Cluster:  # fmt: skip
    """A pair in service that is seen, redundant and served by node `active`. Volumes: name, GiB, percent used."""
    now = timezone.now()
    cluster = Cluster.objects.create(
        slug=slug, inventory=Inventory.PRESENT, service_ip=ip, labels=labels, created_by="ada", **fields
    )
    resource = Resource.objects.create(cluster=cluster, vg=vg)
    nodes = [factories.make_node(cluster, name, position) for position, name in enumerate(names)]
    for fsid, (name, size, used) in enumerate(volumes, 11):
        volume = Volume.objects.create(
            cluster=cluster,
            name=name,
            size=size * GIB,
            mount_point=f"/srv/{name}",
            inventory=Inventory.PRESENT,
            fstype="xfs",
        )
        VolumeUsage.objects.create(volume=volume, read_at=now, size=size * GIB, used=size * GIB * used // 100)
        export = Export.objects.create(
            cluster=cluster, volume=volume, path=f"/srv/{name}", fsid=fsid, inventory=Inventory.PRESENT
        )
        ExportClient.objects.create(
            export=export, client="10.10.0.0/24", options="rw,sync,no_subtree_check,root_squash"
        )
    left = 800 - sum(size for _, size, _ in volumes)
    for position, node in enumerate(nodes):
        see(node, resource, serving=position == active, now=now)
        Backing.objects.filter(node=node).update(disk_size=894 * GIB, size=800 * GIB, disk_model="SAMSUNG PM893")
    NodeState.objects.filter(node__in=nodes, vg_size__isnull=False).update(vg_free=left * GIB)
    ClusterState.objects.create(
        cluster=cluster, health=Health.OK, health_order=Health.OK.order, sentence="Redundant. A failover now would work, about 40 s pause.",
        detail=f"{nodes[active or 0].name} serves everything.", reasons=OK_REASONS, active_node=nodes[active] if active is not None else None,
        since=now - timedelta(days=3), judged_at=now, failover_works=True,
    )  # fmt: skip
    return cluster


def see(node: Node, resource: Resource, *, serving: bool, now: datetime, **replica: Any) -> None:
    """The node answered just now."""
    peer = node.cluster.nodes.exclude(pk=node.pk).first()
    links = [[peer.name, "ens3", "up"], [peer.name, "ens4", "up"]] if peer else []
    NodeState.objects.create(
        node=node, reachable=True, tried_at=now, read_at=now, uptime=41 * 86400 if serving else 12660, clock_offset=0.002,
        os="debian 12", kernel="6.1.0-28-amd64", drbd="8.4.11", manager_running=True, manager_says="local" if serving else "none",
        holds_ip=serving, nfsd_threads=8 if serving else 0, vg_size=800 * GIB if serving else None, vg_free=439 * GIB if serving else None,
        mounted=[], exported=[], links=links, boot_id=f"boot-{node.name}"[:40],
    )  # fmt: skip
    values = {"role": "Primary" if serving else "Secondary", "disk": "UpToDate", "connection": "Connected", "replication": "Established",
              "size": 800 * GIB, **replica}  # fmt: skip
    Replica.objects.create(resource=resource, node=node, read_at=now, **values)


def judge(
    cluster: Cluster, health: Health, sentence: str, detail: str = "", reasons: Any = None, **fields: Any
) -> None:
    rows = OK_REASONS if reasons is None else reasons
    ClusterState.objects.filter(cluster=cluster).update(
        health=health,
        health_order=health.order,
        sentence=sentence,
        detail=detail,
        reasons=rows,
        failover_works=health == Health.OK,
        **fields,
    )


def resync(cluster: Cluster, percent: float, speed: int, eta: int, *, moved: timedelta = timedelta(seconds=1)) -> None:
    """bob is overwritten from alice."""
    now, size = timezone.now(), 800 * GIB
    left = int(size * (100 - percent) / 100)
    for node, replication, disk in zip(
        cluster.nodes.all(), ("SyncSource", "SyncTarget"), ("UpToDate", "Inconsistent"), strict=True
    ):
        Replica.objects.filter(node=node).update(
            replication=replication, disk=disk, percent=percent, sync_left=left, sync_total=size, speed=speed, eta=eta,
            sync_started_at=now - timedelta(hours=3, minutes=24), moved_at=now - moved,
        )  # fmt: skip


def finding(code: str, severity: str, text: str, hint: str = "", hazard: int = 0) -> dict[str, Any]:
    return {"code": code, "severity": severity, "text": text, "hint": hint, "node": "", "hazard": hazard}


WEB_VOLUMES = (("nfs_state", 1, 4), ("www_static", 120, 58), ("www_uploads", 200, 91), ("web_files", 40, 12))


def web_files() -> Cluster:
    cluster = make_pair("web-files", labels="web berlin", volumes=WEB_VOLUMES, vg="vg_web")
    resync(cluster, 62, 39 * MIB, 7980)
    reasons = [
        finding("drbd.resync", "warning", "bob's copy is being overwritten from alice: 62 %.", "Ends by itself.", 23),
        finding("volume.full", "warning", "www_uploads is 91 % full.", "Grow it or clear it."),
        finding("fencing.no-power", "warning", "Nothing can switch a node off: if both networks are cut at once, both become Primary.",
                "A handler marks the other copy Outdated over SSH, which covers every single failure.", 3),
        *OK_REASONS[1:],
    ]  # fmt: skip
    judge(cluster, Health.RISK, "Not redundant until about 14:20: resync 62 %.",
          "If alice fails before then, the service stops: bob has no complete copy.", reasons)  # fmt: skip
    now = timezone.now()
    moves(cluster, now)
    change(cluster, "bob", "disk", "UpToDate", "Diskless", now - timedelta(hours=4), "3 read errors on vdb")
    change(
        cluster,
        "bob",
        "disk",
        "Diskless",
        "Inconsistent",
        now - timedelta(hours=3, minutes=25),
        "a new disk was attached",
    )
    change(
        cluster,
        "bob",
        "replication",
        "Established",
        "SyncTarget",
        now - timedelta(hours=3, minutes=24),
        "the whole device",
    )
    change(cluster, "", "health", "danger", "risk", now - timedelta(hours=3, minutes=24), "Not redundant: resync 0 %.")
    connect(cluster, now)
    return cluster


CLIENTS = (  # address, name, version, state, seconds since it was heard, volume, opens, locks, delegations
    ("10.10.0.7", "shop1.example.net", "4.2", "confirmed", 4, "www_uploads", 38, 3, 12),
    ("10.10.0.8", "shop2.example.net", "4.2", "confirmed", 9, "www_uploads", 12, 0, 4),
    ("10.10.0.31", "", "4.1", "courtesy", 640, "www_uploads", 1, 1, 0),
    ("10.10.0.90", "scan.example.net", "3", "", None, "www_uploads", None, None, None),
)


def connect(cluster: Cluster, now: datetime) -> None:
    """Two web servers, one that went without a word, and an old machine that speaks version 3."""
    node = cluster.nodes.get(position=0)
    NodeState.objects.filter(node=node).update(clients_read_at=now, nfs_arrived=4_120_339, nfs_waited=61_004)
    for address, name, version, state, idle, volume, opens, locks, delegations in CLIENTS:
        renewed = now - timedelta(seconds=idle) if idle is not None else None
        client = ConnectedClient.objects.create(
            node=node, address=address, version=version, state=state, renewed_at=renewed, connected=state != "courtesy",
            identity=f"Linux NFSv{version} {name}",
        )  # fmt: skip
        on = cluster.volumes.filter(name=volume).first()
        ClientUse.objects.create(
            client=client, volume=on, opens=opens, locks=locks, delegations=delegations,
            path=on.mount_point if version == "3" and on else "", files=["2026/banner.png"] if opens else [],
        )  # fmt: skip
        ClientName.objects.create(address=address, name=name, asked_at=now, answered_at=now)


def change(
    cluster: Cluster, node: str, subject: str, old: str, new: str, at: datetime, why: str = "", **fields: Any
) -> StateChange:
    row = cluster.nodes.filter(name=node).first() if node else None
    return StateChange.objects.create(
        cluster=cluster, node=row, node_name=node, subject=subject, old=old, new=new, at=at, why=why, **fields
    )


def moves(cluster: Cluster, now: datetime) -> None:
    """A year of moves of the service group, each with what DRBD said around it."""
    story = (
        (300, "switchover", 22.0),
        (235, "failover", 71.0),
        (180, "switchover", 19.0),
        (96, "failover", 47.0),
        (41, "switchover", 38.0),
    )
    names = list(cluster.nodes.values_list("name", flat=True))
    for index, (days, cause, pause) in enumerate(story):
        at, here, there = now - timedelta(days=days), names[index % 2], names[(index + 1) % 2]
        why = (
            f"{here} did not answer for {pause:.0f} s; {there} became Primary and served."
            if cause == "failover"
            else "Asked for by olga."
        )
        change(
            cluster,
            here,
            "role",
            "Primary",
            "Secondary" if cause == "switchover" else "",
            at - timedelta(seconds=pause),
        )
        change(cluster, there, "role", "Secondary", "Primary", at - timedelta(seconds=10))
        change(cluster, there, "group", here, there, at, why, cause=cause, pause=pause)


def split(cluster: Cluster) -> None:
    Replica.objects.filter(node__cluster=cluster).update(connection="StandAlone", replication="Off", role="Primary")
    reasons = [
        finding("drbd.split-brain", "blocker", "DRBD saw that both nodes wrote apart from each other.", hazard=1)
    ]
    judge(cluster, Health.DANGER, "Split brain since 11:52. Nothing is being changed. Choose the survivor.",
          "Both copies hold changes the other lacks. One side's changes will have to be discarded, by a person.", reasons)  # fmt: skip


def lose_peer(cluster: Cluster, ago: timedelta = timedelta(minutes=3)) -> None:
    """The second node was last seen some time ago."""
    then, bob = timezone.now() - ago, cluster.nodes.all()[1]
    NodeState.objects.filter(node=bob).update(reachable=False, misses=36, read_at=then, error="No route to host")
    Replica.objects.filter(node=bob).update(read_at=then)
    reasons = [finding("node.unreachable", "warning", f"{bob.name} does not answer the panel.", "No route to host")]
    judge(cluster, Health.UNKNOWN, f"No word from {bob.name} for 3 min.",
          f"{cluster.nodes.all()[0].name} serves; what is shown for {bob.name} is old.", reasons)  # fmt: skip


def fleet() -> Cluster:
    """Twelve pairs, each state at least once; gives back web-files."""
    mail = make_pair("mail-store", ip="10.10.0.52", labels="mail berlin", volumes=(("mail_spool", 500, 71),))
    split(mail)
    lose_peer(make_pair("cloud-a", ip="10.10.0.54", labels="cloud", volumes=(("vm_disks", 700, 66),)))
    web = web_files()
    photos = make_pair(
        "photo-archive", ("gwen", "hugo"), ip="10.10.0.57", labels="archive", volumes=(("photos", 300, 12),)
    )
    resync(photos, 8, 110 * MIB, 27000)
    judge(photos, Health.RISK, "Not redundant until about 19:40: resync 8 %.")
    homes = make_pair(
        "home-dirs", ("iris", "jan"), ip="10.10.0.55", labels="staff berlin", volumes=(("home_staff", 400, 94),)
    )
    judge(homes, Health.WARN, "Filling up: home_staff is 94 % full.")
    quiet = (("cloud-b", "kim", "leo", 78, 0), ("backup-sink", "olaf", "pia", 64, 1), ("git-lfs", "sam", "tess", 47, 0),
             ("render-farm", "uma", "vic", 59, 1), ("wiki", "quin", "rosa", 22, 0))  # fmt: skip
    for number, (slug, a, b, used, active) in enumerate(quiet):
        pair = make_pair(
            slug,
            (a, b),
            ip=f"10.10.0.{60 + number}",
            volumes=((f"{slug.replace('-', '_')}_data", 100, used),),
            active=active,
        )
        at = timezone.now() - timedelta(days=12 * number + 1)
        change(pair, b, "group", a, b, at, cause="failover" if number % 2 else "switchover", pause=24.0 + number)
    make_pair("lab-sim", ip="192.0.2.50", labels="lab", volumes=(("scratch", 10, 5),), simulated=True)
    draft = factories.make_cluster("new-pair", inventory=Inventory.DRAFT, service_ip=None)
    draft.labels = "berlin"
    draft.save()
    return web


def audit_log(cluster: Cluster) -> None:
    """A day's entries: a job with commands, a change with before and after, a refusal."""
    commands = [
        {"node": "bob", "kind": "put", "command": "/etc/exports.d/storagepanel.exports", "exit": 0},
        {
            "node": "alice",
            "kind": "run",
            "command": "lvcreate --yes --wipesignatures y --size 42949672960b --name web_files vg_web",
            "exit": 0,
        },
        {"node": "alice", "kind": "run", "command": "exportfs -r", "exit": 0},
    ]
    rows: tuple[dict[str, Any], ...] = (
        {"actor": "ada", "action": "sign-in", "text": "Signed in", "outcome": "done"},
        {"actor": "ada", "action": "volume.create", "text": "Create volume web_files, 40 GiB XFS", "outcome": "requested", "cluster": cluster,
         "object": "web_files", "reason": "Ticket 4412, shop assets", "job": 2287},
        {"actor": "ada", "action": "volume.create", "text": "Created volume web_files, 40 GiB XFS", "outcome": "succeeded", "cluster": cluster,
         "object": "web_files", "reason": "Ticket 4412, shop assets", "job": 2287, "commands": commands},
        {"actor": "ada", "action": "person.level", "text": "Gave vera viewer on mail-store", "outcome": "done", "object": "vera",
         "before": {"active": True}, "after": {"active": True, "mail-store": "viewer"}},
        {"actor": "vera", "action": "cluster.forget", "text": "Refused: vera is a viewer and asked to forget web-files", "outcome": "refused",
         "cluster": cluster, "reason": "try"},
        {"actor": "olga", "action": "export.publish", "text": "Publish /srv/web_files to 10.10.0.0/24", "outcome": "failed",
         "cluster": cluster, "job": 2288},
        {"actor": "panel", "action": "cluster.files", "text": "Wrote the time-outs of Heartbeat on both nodes", "outcome": "done", "cluster": cluster,
         "before": {"/etc/ha.d/ha.cf": "keepalive 1\ndeadtime 30\nwarntime 5"}, "after": {"/etc/ha.d/ha.cf": "keepalive 1\ndeadtime 10\nwarntime 5"}},
    )  # fmt: skip
    with transaction.atomic():
        for row in rows:
            audit.record(**row)


def fleet_of(count: int) -> None:
    """Many quiet pairs, as bulk rows: for counting and measuring."""
    now = timezone.now()
    numbers = range(count)
    clusters = Cluster.objects.bulk_create(
        Cluster(
            slug=f"pair-{n:04}",
            inventory=Inventory.PRESENT,
            service_ip=f"10.20.{n // 250}.{n % 250 + 1}",
            labels="many berlin",
        )
        for n in numbers
    )
    resources = Resource.objects.bulk_create(Resource(cluster=cluster) for cluster in clusters)
    nodes = Node.objects.bulk_create(
        Node(cluster=cluster, name=name, position=position, ssh_host=f"{name}.{cluster.slug}.test")
        for cluster in clusters for position, name in enumerate(("alice", "bob"))
    )  # fmt: skip
    NodeState.objects.bulk_create(
        NodeState(
            node=node,
            reachable=True,
            tried_at=now,
            read_at=now,
            holds_ip=node.position == 0,
            nfsd_threads=8,
            links=[["x", "ens3", "up"]],
        )
        for node in nodes
    )
    Replica.objects.bulk_create(
        Replica(resource=resources[number // 2], node=node, read_at=now, role="Secondary" if number % 2 else "Primary", disk="UpToDate",
                connection="Connected", replication="Established", size=100 * GIB)
        for number, node in enumerate(nodes)
    )  # fmt: skip
    ClusterState.objects.bulk_create(
        ClusterState(cluster=cluster, health=Health.OK, health_order=Health.OK.order, sentence="Redundant. A failover now would work.",
                     active_node=nodes[2 * number], judged_at=now, since=now, failover_works=True, reasons=OK_REASONS)
        for number, cluster in enumerate(clusters)
    )  # fmt: skip
    volumes = Volume.objects.bulk_create(
        Volume(cluster=cluster, name=name, size=10 * GIB, mount_point=f"/srv/{name}", inventory=Inventory.PRESENT)
        for cluster in clusters for name in ("v0", "v1", "v2")
    )  # fmt: skip
    VolumeUsage.objects.bulk_create(
        VolumeUsage(volume=volume, read_at=now, size=10 * GIB, used=GIB * (number % 9))
        for number, volume in enumerate(volumes)
    )


def long_past(rows: int) -> None:
    """History and audit rows over every cluster, the audit log properly chained."""
    now = timezone.now()
    clusters = list(Cluster.objects.all())
    subjects = ("role", "disk", "connection", "replication", "group")
    StateChange.objects.bulk_create(
        StateChange(cluster=clusters[n % len(clusters)], node_name="alice", subject=subjects[n % 5], old="bob", new="alice",
                    why="seen by the monitor", cause="failover" if n % 5 == 4 else "", pause=20.0 + n % 30 if n % 5 == 4 else None,
                    at=now - timedelta(minutes=40 * n))
        for n in range(rows)
    )  # fmt: skip
    with transaction.atomic():
        for n in range(rows):
            audit.record(actor=("ada", "olga", "vera")[n % 3], action="volume.create", text=f"Created volume v{n}, 40 GiB XFS", outcome="succeeded",
                         cluster=clusters[n % len(clusters)], reason="Ticket", job=n + 1)  # fmt: skip
