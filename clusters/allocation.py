"""Numbers given once and kept for ever: fsids of exports, minor and port of a DRBD resource. Reads the inventory, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusters.models import Cluster, Export, Resource

FIRST_PORT = 7788


def fsid(cluster: Cluster, also_taken: Iterable[int] = ()) -> int:
    """Give the next fsid of a cluster. One that was in use once is not given again: a client may still hold handles with it."""
    known = Export.objects.filter(cluster=cluster).values_list("fsid", flat=True)
    withdrawn = Cluster.objects.filter(pk=cluster.pk).values_list("highest_fsid", flat=True)
    return max([0, *known, *withdrawn, *also_taken]) + 1


def minor_and_port(
    cluster: Cluster, minors_seen: Iterable[int] = (), ports_seen: Iterable[int] = (), ssh_hosts: Sequence[str] = ()
) -> tuple[int, int]:
    """Give minor and port of a cluster's resource: those it has, else the lowest that neither the nodes nor another pair on them use."""
    if present := Resource.objects.filter(cluster=cluster).first():
        return present.minor, present.port
    neighbours = Resource.objects.filter(cluster__nodes__ssh_host__in=ssh_hosts).exclude(cluster=cluster)
    taken = list(neighbours.values_list("minor", "port"))
    return (
        lowest_free(0, {*minors_seen, *(minor for minor, _ in taken)}),
        lowest_free(FIRST_PORT, {*ports_seen, *(port for _, port in taken)}),
    )


def lowest_free(start: int, taken: Iterable[int]) -> int:
    used = set(taken)
    return next(number for number in range(start, start + len(used) + 1) if number not in used)
