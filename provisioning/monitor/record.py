"""Write what a sweep saw: observed rows, history rows and the judgement, in one transaction per cluster. The only writer of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from clusters.health import Judgement, NodeView, PairView, judge
from clusters.models import Cluster, ClusterState, Node, NodeState, Replica, StateChange
from clusters.nodetext import clean
from clusters.pair import known
from clusters.states import AT_WORK, Health, Inventory, JobStatus
from provisioning import actions, codec
from provisioning.desired import DesiredCluster
from provisioning.models import Job
from provisioning.monitor import names
from provisioning.monitor.clients import write_clients
from provisioning.monitor.compare import Change, GroupKnown, group_change, node_changes
from provisioning.monitor.dangers import ages, dangers, of_one_moment
from provisioning.monitor.pools import pool_rows
from provisioning.monitor.seen import view_of
from provisioning.monitor.snapshots import write_snapshots
from provisioning.monitor.told import rows, standing_rows
from provisioning.monitor.usage import write_usage
from provisioning.observed import NodeObserved, Progress
from provisioning.plans.parts import pausing
from provisioning.steps import Plan
from provisioning.transport.world import HostKeyChanged, NodeError

KNOWN = (  # what `known` reads
    "nodes__state", "nodes__replica", "volumes__usage", "volumes__snapshot_schedule", "volumes__snapshots__state", "exports",
)  # fmt: skip
MISSES = 2  # sweeps in a row without an answer that make a node unreachable


@transaction.atomic
def record(
    cluster: Cluster, desired: DesiredCluster, answers: Mapping[str, NodeObserved | NodeError], now: datetime
) -> bool:
    """Compare what both nodes answered with what was known, and write what changed. Returns whether anything did.

    `answers` holds a reading or the reason why there is none, by node name. `now` is the panel's clock.
    """
    before = known(cluster, now)
    if before is None:
        return False
    members = {node.name: node for node in cluster.nodes.all() if node.kind == Node.Kind.MEMBER}
    # Digests are compared between the nodes, so they are kept of one moment: a new one beside an old one would differ by age alone.
    both = all(isinstance(answer, NodeObserved) for answer in answers.values())
    for name, answer in answers.items():
        if isinstance(answer, NodeObserved):
            _write_reading(members[name], cluster, desired, answer, now, alike=both)
        else:
            _write_miss(members[name], answer, now)
    write_usage(cluster, answers, now)
    write_snapshots(cluster, desired, answers, now)
    addresses = write_clients(cluster, members, answers, now)
    fresh = Cluster.objects.prefetch_related(*KNOWN).get(pk=cluster.pk)
    after = known(fresh, now)
    if after is None:
        return False
    # Judged by what was in service when the nodes were asked: what a job has put there since was not there to be seen, and what it
    # takes away or moves is nowhere for a moment without anything being wrong.
    moving = _unsettled(cluster, desired)
    state, _ = ClusterState.objects.get_or_create(cluster=cluster)
    after = replace(
        after,
        mount_points=tuple(p for p in before.mount_points if p in after.mount_points and p not in moving),
        exports=tuple(e for e in before.exports if e in after.exports and not _lies_in(e, moving)),
        changing=_job(cluster) is not None,
        nodes=_clocks_seen_twice(before, after),
        dangers=ages(state, now),
    )
    changes = [change for old, new in zip(before.nodes, after.nodes, strict=True) for change in node_changes(old, new)]
    if cluster.inventory == Inventory.PRESENT:
        group = GroupKnown(state.active_node.name if state.active_node else "", state.last_active, state.served_at)
        if change := group_change(before, after, group, now):
            change = _as_pause(cluster, change)
            changes.append(change)
            state.active_node = members.get(change.new)
    _write_state(state, after, changes, now, together=of_one_moment(answers.values()))
    _write_history(cluster, members, changes, now)
    transaction.on_commit(lambda: names.want(addresses, invented=cluster.simulated))
    return bool(changes)


def _clocks_seen_twice(before: PairView, after: PairView) -> tuple[NodeView, NodeView]:
    """Compare clocks by what two readings in a row agree on: an answer that was held up on its way looks like a clock that is behind."""

    def apart(view: PairView) -> float | None:
        a, b = (node.clock_offset for node in view.nodes)
        return None if a is None or b is None else abs(a - b)

    (one, other), was, now = after.nodes, apart(before), apart(after)
    if now is not None and (was is None or was < now):
        first, second = (node.clock_offset for node in before.nodes)
        return replace(one, clock_offset=first), replace(other, clock_offset=second)
    return one, other


def _write_reading(
    node: Node, cluster: Cluster, desired: DesiredCluster, seen: NodeObserved, now: datetime, *, alike: bool
) -> None:
    view = view_of(seen, desired)
    fields: dict[str, object] = {
        "reachable": True, "misses": 0, "error": view.error, "host_key_changed": False, "tried_at": now, "read_at": now,
        "holds_ip": view.holds_ip, "nfsd_threads": view.nfsd, "manager_running": view.manager_running, "manager_says": view.manager_says,
        "mounted": view.mounted, "exported": view.exported, "marks": view.marks,
        "uptime": seen.uptime, "clock_offset": view.clock_offset,
    }  # fmt: skip
    # Not every reading asks for these; what was not asked keeps its last value.
    if view.boot_id:
        fields["boot_id"] = view.boot_id
    if view.links:
        fields["links"] = view.links
    if seen.vgs is not None:
        vg = seen.vg(desired.resource.vg)
        fields |= {"vg_size": vg.size if vg else None, "vg_free": vg.free if vg else None}
        if seen.lvs is not None:
            fields["pools"] = pool_rows(seen, desired.resource.vg)
        local = seen.vg(desired.node(node.name).backing.vg)
        fields |= {"local_size": local.size if local else None, "local_free": local.free if local else None}
    if seen.thin_tools is not None:
        fields["thin_tools"] = seen.thin_tools
    if view.files and alike:
        fields["file_digests"] = dict(view.files)
    if view.standing is not None:
        fields["standing"] = standing_rows(cluster, node, desired, seen, view.standing, now)
    if seen.kernel:
        fields["kernel"] = seen.kernel
    if seen.os_id:
        fields["os"] = f"{seen.os_id} {seen.os_version or ''}".strip()
    if seen.drbd and seen.drbd.kernel:
        fields["drbd"] = seen.drbd.kernel
    NodeState.objects.update_or_create(node=node, defaults=_fitting(NodeState, fields))
    _write_replica(node, cluster, desired, seen, view, now)


def _write_replica(
    node: Node, cluster: Cluster, desired: DesiredCluster, seen: NodeObserved, view: NodeView, now: datetime
) -> None:
    reading = seen.replica(desired.resource.name)
    old = Replica.objects.filter(node=node).first()
    fields: dict[str, object] = {
        "resource": cluster.resource, "read_at": now, "role": view.role, "disk": view.disk, "connection": view.connection,
        "replication": view.replication, "percent": view.percent, "sync_left": view.left, "speed": view.speed, "eta": view.eta,
        "peer_disk": (reading.peer_disk or "") if reading else "", "size": reading.size if reading else None,
        "out_of_sync": reading.out_of_sync if reading else None,
        "sync_total": reading.progress.total if reading and reading.progress else None,
    }  # fmt: skip
    fields |= _since(old, view.percent, view.left, now)
    Replica.objects.update_or_create(node=node, defaults=_fitting(Replica, fields))


def _fitting(model: type[Model], fields: dict[str, object]) -> dict[str, object]:
    """Clean texts, and cut them to what their columns hold: what a node says may be of any length, and PostgreSQL would refuse the whole sweep."""
    return {
        name: clean(value)[: getattr(model._meta.get_field(name), "max_length", None)]
        if isinstance(value, str)
        else value
        for name, value in fields.items()
    }


def _since(old: Replica | None, percent: float | None, left: int | None, now: datetime) -> dict[str, object]:
    """When the running resync began, and when it last moved."""
    if percent is None:
        return {"sync_started_at": None, "moved_at": None}
    moved = old is None or old.sync_left is None or left != old.sync_left
    return {
        "moved_at": now if moved or old is None else old.moved_at,
        "sync_started_at": old.sync_started_at if old and old.sync_started_at else now,
    }


@transaction.atomic
def record_progress(cluster: Cluster, progress: Mapping[str, Progress], now: datetime) -> None:
    """Write how far a resync is, read between two sweeps, and tell it in the sentence. Everything else keeps its own, older age.

    Only a whole sweep may say that something else is the matter, or is not any more: what it saw is remembered here, not seen.
    """
    for name, seen in progress.items():
        old = Replica.objects.filter(node__cluster=cluster, node__name=name).first()
        if old is None:
            continue
        percent = min(max(seen.percent, 0.0), 100.0)
        values = {
            "read_at": now,
            "percent": percent,
            "sync_left": seen.left,
            "sync_total": seen.total,
            "speed": seen.speed,
        }
        Replica.objects.filter(pk=old.pk).update(**values, eta=seen.eta, **_since(old, percent, seen.left, now))
    fresh = Cluster.objects.prefetch_related(*KNOWN).get(pk=cluster.pk)
    state = ClusterState.objects.filter(cluster=cluster).first()
    if state is None or state.health != Health.RISK or (after := known(fresh, now)) is None:
        return
    judgement = _judgement(cluster, after, now)
    if judgement.health is Health.RISK:
        _tell(state, judgement, now)
        state.save()


def _write_miss(node: Node, problem: NodeError, now: datetime) -> None:
    state, _ = NodeState.objects.get_or_create(node=node)
    state.misses += 1
    state.tried_at = now
    state.error = clean(problem.text)[:300]
    state.host_key_changed = isinstance(problem, HostKeyChanged)
    if state.misses >= MISSES or state.host_key_changed:
        state.reachable = False
    state.save(update_fields=["misses", "tried_at", "error", "host_key_changed", "reachable"])


def _write_state(state: ClusterState, after: PairView, changes: list[Change], now: datetime, *, together: bool) -> None:
    judgement = _judgement(state.cluster, after, now)
    serving = after.active()
    if serving and serving.age == 0:  # seen now, not remembered
        state.served_at, state.last_active = now, serving.name
    state.dangers = dangers(state, judgement, now, both=together)
    if judgement.health != state.health:
        if state.judged_at is not None:
            changes.append(Change("health", state.health, judgement.health, why=judgement.sentence))
        state.since = now
    _tell(state, judgement, now)
    state.save()


def _judgement(cluster: Cluster, after: PairView, now: datetime) -> Judgement:
    return judge(after, now.astimezone(ZoneInfo(settings.DISPLAY_TIME_ZONE)), last_pause=_last_pause(cluster))


def _tell(state: ClusterState, judgement: Judgement, now: datetime) -> None:
    state.health, state.health_order = judgement.health, judgement.health.order
    state.sentence, state.detail = clean(judgement.sentence)[:200], clean(judgement.detail)[:400]
    state.failover_works = judgement.failover_works
    state.reasons = rows(judgement.reasons)
    state.judged_at = now


def _last_pause(cluster: Cluster) -> float | None:
    rows = StateChange.objects.filter(
        cluster=cluster, subject=StateChange.Subject.GROUP, cause__in=["failover", "switchover"]
    )
    return rows.exclude(pause=None).order_by("-at").values_list("pause", flat=True).first()


def _unsettled(cluster: Cluster, desired: DesiredCluster) -> tuple[str, ...]:
    """Name the mount points and exports that the running job takes away or moves."""
    job = Job.objects.filter(cluster=cluster, status=JobStatus.RUNNING).defer("plan").first()
    return actions.ACTIONS[job.action].unsettles(actions.intent_of(job), desired) if job else ()


def _lies_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _job(cluster: Cluster) -> int | None:
    return Job.objects.filter(cluster=cluster, status__in=AT_WORK).values_list("pk", flat=True).first()


def _as_pause(cluster: Cluster, change: Change) -> Change:
    """Call what a job stops and starts again a pause: the service never left the node. It may be back only after the job's end."""
    stopped = change.cause == "stop" and _stops_nfs(cluster)
    back = change.cause == "start" and change.old == change.new and _paused(cluster)
    return replace(change, cause="pause") if stopped or back else change


def _stops_nfs(cluster: Cluster) -> bool:
    job = Job.objects.filter(cluster=cluster, status=JobStatus.RUNNING).exclude(plan=None).first()
    try:
        return job is not None and pausing.stops(codec.load(Plan, job.plan or {}).steps)
    except codec.Unreadable:  # another version of the panel wrote it: then it is a stop, as it was seen
        return False


def _paused(cluster: Cluster) -> bool:
    last = StateChange.objects.filter(cluster=cluster, subject=StateChange.Subject.GROUP).first()
    return last is not None and last.cause == StateChange.Cause.PAUSE and not last.new


def _write_history(cluster: Cluster, members: Mapping[str, Node], changes: list[Change], now: datetime) -> None:
    if not changes:
        return
    job = _job(cluster)
    StateChange.objects.bulk_create(
        StateChange(
            cluster=cluster,
            node=members.get(change.node),
            node_name=change.node,
            subject=change.subject,
            old=clean(change.old)[:64],
            new=clean(change.new)[:64],
            why=clean(change.why)[:300],
            cause=change.cause,
            pause=change.pause,
            job=job,
            at=now,
        )  # fmt: skip
        for change in changes
    )
