"""The sweep: every pair read once, in parallel, one round trip per node. A node that hangs delays nobody but itself.

One probes worker owns the kept connections, so the pool and the set of clusters under way are this process's own.
While a resync or verify runs, its progress is read every second (one process per node) until it ends, between the sweeps. Each is followed by a
thread of its own: the pool's are for the sweeps, or a power cut that sets many pairs resyncing would leave the others unread.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from clusters.models import Cluster, Node
from clusters.states import AT_WORK, Inventory, ReplicationState
from provisioning.desired import DesiredCluster
from provisioning.facts import ParseError, Wanted, assemble, full_readings, sweep_readings, texts
from provisioning.facts.drbd import replicas_of_proc
from provisioning.models import Job
from provisioning.monitor.record import record, record_progress
from provisioning.monitor.seen import alike
from provisioning.observed import NodeObserved, Progress
from provisioning.observing import address_of
from provisioning.render import paths
from provisioning.snapshot import Incomplete, desired_of
from provisioning.steps import cmd
from provisioning.transport.choose import world_for
from provisioning.transport.world import NodeError

log = logging.getLogger(__name__)
WATCHED = (Inventory.CREATING, Inventory.PRESENT, Inventory.REMOVING)
FULL_EVERY = 60.0  # seconds between two full readings of a node: LVM, links, kernels
EVERY = 1.0  # seconds between two readings of the progress while a resync or verify runs
SWEEP_EVERY = 5.0  # seconds between two sweeps meanwhile
WHILE_MADE = 25.0  # seconds between two sweeps of a pair that a job is setting up: its nodes are busy
FOLLOWED = 32  # resyncs that are read every second; the progress of further ones is read with the sweeps
MOVING = {state for state in ReplicationState if state.resyncing or state.verifying}

_pool: ThreadPoolExecutor | None = None
_under_way: set[int] = set()
_followed: set[int] = set()
_made: set[int] = set()  # pairs that a job is setting up
_begun_at: dict[int, float] = {}  # cluster: when its last sweep began (monotonic)
_full_at: dict[int, float] = {}  # node: when everything was read last (monotonic)
_guard = threading.Lock()


def sweep_all() -> int:
    """Start reading every watched cluster that is not being read already; returns how many were started, without waiting for them."""
    started = 0
    made = being_made()
    for pk in Cluster.objects.filter(inventory__in=WATCHED).values_list("pk", flat=True):
        with _guard:
            (_made.add if pk in made else _made.discard)(pk)
            rested = time.monotonic() - _begun_at.get(pk, -WHILE_MADE)
            if pk in _under_way or (pk in made and rested < WHILE_MADE):
                continue
            _under_way.add(pk)
            _begun_at[pk] = time.monotonic()
        _the_pool().submit(_sweep, pk)
        started += 1
    return started


def being_made() -> set[int]:
    """Give the pairs that a job is setting up now."""
    at_work = Job.objects.filter(status__in=AT_WORK, cluster__inventory=Inventory.CREATING)
    return set(at_work.values_list("cluster_id", flat=True))


def _the_pool() -> ThreadPoolExecutor:
    global _pool
    with _guard:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=settings.SWEEP_WORKERS, thread_name_prefix="sweep")
        return _pool


def _sweep(pk: int) -> None:
    """Read a pair once; one that moves is handed on, and stays under way until it stands still."""
    handed_on = False
    try:
        handed_on = sweep_cluster(pk) and _hand_on(pk)
    except Exception:
        log.exception("cluster %s: the sweep failed", pk)
    finally:
        close_old_connections()
        if not handed_on:
            _end(pk)


def _hand_on(pk: int) -> bool:
    with _guard:
        if len(_followed) >= FOLLOWED:
            return False
        _followed.add(pk)
    threading.Thread(target=_follow, args=(pk,), name=f"follow-{pk}", daemon=True).start()
    return True


def _follow(pk: int) -> None:
    try:
        moving, swept = True, time.monotonic()
        while moving:
            time.sleep(EVERY)
            if time.monotonic() - swept < (WHILE_MADE if pk in _made else SWEEP_EVERY) and read_progress(pk):
                continue
            moving, swept = sweep_cluster(pk), time.monotonic()
    except Exception:
        log.exception("cluster %s: the sweep failed", pk)
    finally:
        close_old_connections()
        _end(pk)


def _end(pk: int) -> None:
    with _guard:
        _under_way.discard(pk)
        _followed.discard(pk)


def read_progress(pk: int) -> bool:
    """Read how far the resync is, on both nodes; False when it is not seen to run any more."""
    cluster = Cluster.objects.select_related("resource").filter(pk=pk).first()
    if cluster is None:
        return False
    seen: dict[str, Progress] = {}
    for node in cluster.nodes.filter(kind=Node.Kind.MEMBER).exclude(host_key=""):
        try:
            [answer] = world_for(cluster).read(address_of(node), [cmd("cat", texts.PROC_DRBD, timeout=10)])
            replicas = replicas_of_proc(answer.stdout, {cluster.resource.minor: cluster.resource.name})
        except (NodeError, ParseError):
            continue  # the next sweep tells why
        for replica in replicas:
            if replica.resource == cluster.resource.name and replica.progress:
                seen[node.name] = replica.progress
    if seen:
        record_progress(cluster, seen, timezone.now())
    return bool(seen)


def sweep_cluster(pk: int) -> bool:
    """Read both nodes of one cluster and record it. Returns whether a resync or verify runs."""
    close_old_connections()
    query = Cluster.objects.filter(inventory__in=WATCHED).select_related("resource")
    cluster = (
        query.prefetch_related(
            "nodes__state",
            "nodes__replica",
            "nodes__backing",
            "volumes__usage",
            "volumes__snapshot_schedule",
            "volumes__snapshots__state",
            "exports__clients",
        )
        .filter(pk=pk)
        .first()
    )
    if cluster is None:
        return False
    try:
        desired = desired_of(cluster)
    except Incomplete as problem:
        log.warning("%s: not watched: %s", cluster, problem)
        return False
    members = [node for node in cluster.nodes.all() if node.kind == Node.Kind.MEMBER]
    with ThreadPoolExecutor(max_workers=2) as pair:
        answers = dict(
            zip((n.name for n in members), pair.map(lambda n: read_node(cluster, n, desired), members), strict=True)
        )
    if record(cluster, desired, answers, timezone.now()) and cluster.inventory == Inventory.PRESENT:
        for node in members:  # what is asked rarely may have changed with it: look again at once
            _full_at.pop(node.pk, None)
    return any(
        replica.replication in MOVING
        for answer in answers.values()
        if isinstance(answer, NodeObserved)
        for replica in answer.replicas or ()
    )


def read_node(cluster: Cluster, node: Node, desired: DesiredCluster) -> NodeObserved | NodeError:
    """One reading in one round trip, or the reason why there is none. Once a minute it asks for everything, else for what moves.

    A pair that a job is setting up is not judged by the rest yet, and reading it would only take from the job.
    """
    if not node.host_key:
        return NodeError(node.name, "Its host key has not been confirmed by a person.")
    due = time.monotonic() - _full_at.get(node.pk, -FULL_EVERY) >= FULL_EVERY
    full = due and node.cluster_id not in _made
    hashed = alike(desired) + ((*paths.HANDLERS, *paths.WAITS, paths.WHOLE_MESSAGES) if full else ())
    wanted = Wanted(node.name, files=(paths.EXPORTS,) if full else (), secret_files=hashed)
    readings = (full_readings if full else sweep_readings)(wanted)
    try:
        results = world_for(cluster).read(address_of(node), [reading.command for reading in readings])
        arrived = time.time()
    except NodeError as problem:
        return problem
    finally:
        connection.close()  # this thread ends with its reading
    if full:
        _full_at[node.pk] = time.monotonic()
    return assemble(node.name, readings, results, arrived)
