"""Whether a pair that is being described keeps what NFS clients hold on a volume of its own, so that their locks survive a failover."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from clusters.models import Cluster, Volume
from provisioning import drafts
from provisioning.desired import DesiredVolume

STATE = DesiredVolume("nfs_state", 64 * 2**20, "ext4", "/srv/nfs_state")  # a client takes some hundred bytes of it


@transaction.atomic
def keep(request: HttpRequest, cluster: Cluster, *, wanted: bool) -> None:
    """Put the volume into the draft or take it out, when that is not as it is already."""
    if wanted == bool(cluster.nfs_state_volume):
        return
    row = Volume.objects.filter(cluster=cluster, name=cluster.nfs_state_volume or STATE.name).first()
    if not wanted:
        if row is not None and row.name == STATE.name:
            drafts.remove(request, row)
    elif row is None:
        drafts.add_volume(request, cluster, STATE)
    cluster.nfs_state_volume = STATE.name if wanted else ""
    cluster.save(update_fields=["nfs_state_volume"])
