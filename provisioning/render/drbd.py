"""The DRBD resource file. Pure."""

from __future__ import annotations

from provisioning.desired import DesiredCluster, DesiredNode, DesiredResource
from provisioning.render.managed import ManagedFile, header
from provisioning.render.paths import FENCE_PEER, MARK, resource_file
from provisioning.steps import SecretRef, Text

SHARED_SECRET = SecretRef("drbd-shared-secret")


def resource(desired: DesiredCluster) -> ManagedFile:
    """Render `/etc/drbd.d/<resource>.res`: the same bytes on both nodes.

    Protocol C, detach on a failing disk, fencing by the ssh handler, no automatic loser in a split brain. The waits are explained in
    docs/decisions/start-up-waits.md.
    """
    r = desired.resource
    tail = "".join(_on(desired, node) for node in desired.nodes) + "}\n"
    return ManagedFile(resource_file(r.name), Text.of(_head(desired), SHARED_SECRET, _net_end(r) + tail), mode="0600")


def _head(desired: DesiredCluster) -> str:
    r = desired.resource
    return (
        header(desired.name, "the DRBD resource, the same on both nodes")
        + f"""resource {r.name} {{
  protocol C;
  handlers {{
    fence-peer "{FENCE_PEER}";
    initial-split-brain "{MARK} initial-split-brain";
    split-brain "{MARK} split-brain";
  }}
  startup {{
    wfc-timeout {r.wfc_timeout};
    degr-wfc-timeout {r.degr_wfc_timeout};
    outdated-wfc-timeout {r.outdated_wfc_timeout};
  }}
  disk {{
    on-io-error detach;
    fencing resource-only;
    c-plan-ahead 0;
    resync-rate {r.resync_rate};
    al-extents 1237;
  }}
  net {{
    cram-hmac-alg sha1;
    shared-secret \""""
    )


def _net_end(r: DesiredResource) -> str:
    return f"""\";
    verify-alg {r.verify_alg};
    after-sb-0pri disconnect;
    after-sb-1pri disconnect;
    after-sb-2pri disconnect;
    ping-timeout 20;
    max-buffers 4000;
  }}
"""


def _on(desired: DesiredCluster, node: DesiredNode) -> str:
    r = desired.resource
    address = node.replication_address
    where = f"ipv6 [{address}]" if ":" in address else address
    return f"""  on {node.name} {{
    device {r.device} minor {r.minor};
    disk {node.backing.device};
    address {where}:{r.port};
    meta-disk internal;
  }}
"""
