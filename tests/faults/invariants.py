"""What must be true after every fault, whatever the test was about. `broken` gives one sentence for each thing that is not.

I1 a running job has a live lease or is claimed again · I2 each change on a node stands between one entry that asked for it and
one that tells its end · I3 no change was made twice · I5 one holder, and claims on a node only grow · I6 the chain verifies ·
I8 no secret in the database, the logs or the queue. (I4, nodes as wanted, is for the test: it plans again.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import redis
from django.db import connection
from django.utils import timezone

from clusters import audit
from clusters.models import AuditEntry, Cluster
from clusters.states import LOCKING, JobStatus
from provisioning import codec
from provisioning.models import Job, SealedSecret, SimulatedPair
from provisioning.simulator import store
from provisioning.simulator.state import Did
from provisioning.steps import Kind, Plan
from provisioning.unseal import open_secret

Outcome = AuditEntry.Outcome
CLAIMED_WITHIN = timedelta(seconds=30)
ENDINGS = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.REFUSED)
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.INTERRUPTED, JobStatus.STALE)
MACHINES = SimulatedPair._meta.db_table  # the disks of the simulated machines: authkeys belong there
PLAYED_BACK = "demo"  # its set-up is played with a clock that runs an hour late
CHANGES = (Kind.WRITES, Kind.DESTROYS)


def broken(cluster: Cluster, *, files: Sequence[Path] = (), queue: Path | None = None) -> list[str]:
    """Look at everything. `files`: directories of logs and the like; `queue`: the socket of a Redis."""
    return [
        *leases(),
        *one_lock(cluster),
        *audited(cluster),
        *done_once(cluster),
        *claims_grow(cluster),
        *(f"I6: {problem}" for problem in audit.verify()),
        *leaked(cluster, files, queue),
    ]


def leases() -> Iterator[str]:
    late = timezone.now() - CLAIMED_WITHIN
    for job in Job.objects.filter(status=JobStatus.RUNNING):
        if job.lease_until is None or job.lease_until < late:
            yield f"I1: job {job.pk} runs without a worker since {job.lease_until}"


def one_lock(cluster: Cluster) -> Iterator[str]:
    if (holders := Job.objects.filter(cluster=cluster, status__in=LOCKING).count()) > 1:
        yield f"I5: {holders} jobs hold {cluster}"


def journal(cluster: Cluster) -> list[tuple[str, Did]]:
    """What the machines saw, each with the node's name."""
    with store.opened(cluster.pk) as pair:
        return [(name, did) for name, machine in pair.machines.items() for did in machine.journal]


def audited(cluster: Cluster) -> Iterator[str]:
    """I2. What a job asked for and what it did are lists of commands; what the node saw must be in both."""
    seen = journal(cluster)
    for number in sorted({did.job for _, did in seen}):
        job = Job.objects.get(pk=number)
        asked = list(AuditEntry.objects.filter(job=number, outcome=Outcome.REQUESTED))
        ends = list(AuditEntry.objects.filter(job=number, outcome__in=ENDINGS, text__startswith=job.title[:60]))
        if len(asked) != 1:
            yield f"I2: job {number} has {len(asked)} entries that ask for it"
            continue
        if len(ends) != (1 if job.status in ENDED else 0):
            yield f"I2: job {number} is {job.status} and has {len(ends)} entries of its end"
        changes = set(_changes(job))
        wanted = {(entry["node"], entry["command"]) for entry in asked[0].commands}
        told = {(entry["node"], entry["command"].removeprefix("put ")) for entry in ends[0].commands} if ends else None
        for node, did in seen:
            if did.job != number or (node, did.command) not in changes | wanted:
                continue
            if did.at < asked[0].at.timestamp() and job.approved_by != PLAYED_BACK:
                yield f"I2: {node} saw “{did.command}” before the entry that asks for it"
            if (node, did.command) not in wanted:
                yield f"I2: {node} saw “{did.command}”, which nobody asked for"
            if told is not None and (node, _told(did.command)) not in told:
                yield f"I2: {node} saw “{did.command}”, and the end of job {number} does not tell it"


def _changes(job: Job) -> Iterator[tuple[str, str]]:
    for step in codec.load(Plan, job.plan).todo():
        if step.kind in CHANGES:
            yield from ((step.node, str(command)) for command in step.commands)
            yield from ((step.node, f"put {file.path} {file.mode} {file.owner}") for file in step.files)


def _told(command: str) -> str:
    """The end tells a file by its path alone."""
    return command.split()[1] if command.startswith("put ") else command


def done_once(cluster: Cluster) -> Iterator[str]:
    """I3. A command runs at most as often as the approved plan has it, and never twice in its unit."""
    seen = journal(cluster)
    for (node, unit, index, command), times in Counter(
        (node, did.unit, did.index, did.command) for node, did in seen
    ).items():
        if times > 1:
            yield f"I3: {node} ran “{command}” {times} times as number {index} of {unit}"
    for number in sorted({did.job for _, did in seen}):
        approved = Counter(_changes(Job.objects.get(pk=number)))
        did_it = Counter((node, did.command) for node, did in seen if did.job == number)
        for change, times in approved.items():
            if did_it[change] > times:
                yield f"I3: {change[0]} ran “{change[1]}” {did_it[change]} times, approved {times} times"


def claims_grow(cluster: Cluster) -> Iterator[str]:
    highest: dict[str, tuple[int, int]] = {}
    for node, did in journal(cluster):
        if (did.job, did.claim) < highest.get(node, (0, 0)):
            yield f"I5: {node} let “{did.command}” of job {did.job}, claim {did.claim}, run after {highest[node]}"
        highest[node] = max(highest.get(node, (0, 0)), (did.job, did.claim))


def leaked(cluster: Cluster, files: Sequence[Path], queue: Path | None) -> Iterator[str]:
    needles = dict(secrets_of(cluster))
    places = [*_rows(), *_contents(files), *_messages(queue)]
    for name, needle in needles.items():
        yield from (f"I8: {name} is in {place}" for place, content in places if needle in content)


def secrets_of(cluster: Cluster) -> Iterator[tuple[str, bytes]]:
    """Each secret of the panel and the cluster, by name; of a private key, a line from its middle."""
    for row in SealedSecret.objects.filter(expires_at=None):
        owner = cluster if row.cluster_id == cluster.pk else None
        if owner is None and row.cluster_id:
            continue
        lines = open_secret(row.name, cluster=owner, node=row.node).strip().splitlines()
        yield row.name, max(lines[1:-1] or lines, key=len)


def _rows() -> Iterator[tuple[str, bytes]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == MACHINES:
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, b"\0".join(_bytes(value) for value in row)


def _contents(directories: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for path in (path for directory in directories for path in directory.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes()


def _messages(socket: Path | None) -> Iterator[tuple[str, bytes]]:
    if socket is None:
        return
    client = redis.Redis(unix_socket_path=str(socket))
    for key in client.keys("*"):
        yield f"Redis {key!r}", client.dump(key) or b""
    client.close()


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
