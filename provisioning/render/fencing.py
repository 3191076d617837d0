"""The three small programs that stay on the nodes, and the keys between them. Pure.

They are handlers of DRBD's own kind: one asks the peer to mark its copy Outdated, one answers that, one leaves a mark in a split brain.
"""

from __future__ import annotations

from provisioning.desired import DesiredCluster, DesiredNode
from provisioning.render.managed import ManagedFile, header, with_block
from provisioning.render.paths import FENCE_HOSTS, FENCE_KEY, FENCE_PEER, FENCE_PUBLIC, MARK, MARKS, OUTDATE_HERE
from provisioning.steps import SecretRef, Text

FENCE_PORT = 22  # ssh's own: the handlers name none
TRY = "try-the-way"  # what `storagepanel-fence-peer --try` sends in place of a resource name

_FENCE_PEER = """\
# DRBD's fence-peer handler: runs as root on the node that is, or wants to be, the only Primary, and asks the other node over every known path
# to mark its copy Outdated. Exit codes that DRBD understands: 3 Inconsistent, 4 Outdated, 5 cannot be reached, 6 is Primary itself.
# With --try it asks nothing of DRBD: exit 0 when the peer answers over every path.
log=/var/lib/storagepanel/fence.log
mkdir -p "${log%/*}"
ask() {
  timeout 25 ssh -i @KEY@ -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=3 -o StrictHostKeyChecking=yes \\
    -o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile=@HOSTS@ "root@$1" "$2" </dev/null 2>>"$log"
}
if [ "$1" = --try ]; then
  missed=0
  for address in @PATHS@; do
    if ask "$address" @TRY@; then echo "$address answers"; else echo "$address does not answer"; missed=1; fi
  done
  exit $missed
fi
rc=5
for address in @PATHS@; do
  ask "$address" "$DRBD_RESOURCE" >/dev/null
  rc=$?
  case $rc in
    3|4|5|6) break ;;
    *) rc=5 ;;
  esac
done
echo "$(date -u +%FT%TZ) fence-peer resource=$DRBD_RESOURCE via=$address exit=$rc" >>"$log"
exit $rc
"""

_OUTDATE_HERE = """\
# The forced command behind the peer's fencing key: mark our copy Outdated unless we are Primary. The only input is the resource's name.
# DRBD refuses while it still believes that the peer is connected, so ask again until our own side has noticed the loss.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
res=$SSH_ORIGINAL_COMMAND
case $res in
  @TRY@) exit 0 ;;
  ''|*[!A-Za-z0-9_-]*) exit 64 ;;
esac
n=0
while [ $n -lt 15 ]; do
  n=$((n + 1))
  role=$(drbdadm role "$res" 2>/dev/null) || exit 5
  case $role in Primary*) exit 6 ;; esac
  drbdadm outdate "$res" >/dev/null 2>&1 && exit 4
  case $(drbdadm dstate "$res" 2>/dev/null) in
    Outdated*) exit 4 ;;
    Inconsistent*|Diskless*|Failed*) exit 3 ;;
  esac
  sleep 1
done
exit 5
"""

_MARK = """\
# DRBD's split-brain handlers: leave a mark, so that a split brain can be told from a connection that somebody closed. Quick, because the node
# waits for it.  usage: storagepanel-mark NAME
dir=@MARKS@
mkdir -p "$dir"
mark=$dir/$(date -u +%Y%m%dT%H%M%SZ)-${DRBD_RESOURCE:-unknown}-$1
{ echo "handler=$1 node=$(uname -n) resource=$DRBD_RESOURCE minor=$DRBD_MINOR peer=$DRBD_PEER"; cat /proc/drbd; } >"$mark.tmp" 2>&1
mv "$mark.tmp" "$mark"
logger -t storagepanel-mark "$1 resource=$DRBD_RESOURCE peer=$DRBD_PEER"
exit 0
"""


def fence_secret(node: str) -> SecretRef:
    return SecretRef(f"fence-key-{node}")


def handlers(desired: DesiredCluster, node: DesiredNode) -> tuple[ManagedFile, ...]:
    peer = desired.peer(node.name)
    paths = " ".join(dict.fromkeys((peer.service_address, peer.replication_address)))
    words = {"@KEY@": FENCE_KEY, "@HOSTS@": FENCE_HOSTS, "@PATHS@": paths, "@TRY@": TRY, "@MARKS@": MARKS}
    return (
        _script(desired, FENCE_PEER, "asks the peer to mark its copy Outdated", _FENCE_PEER, words),
        _script(desired, OUTDATE_HERE, "marks this node's copy Outdated when the peer asks", _OUTDATE_HERE, words),
        _script(desired, MARK, "leaves a mark in a split brain", _MARK, words),
    )


def key(node: DesiredNode) -> ManagedFile:
    return ManagedFile(FENCE_KEY, Text.of(fence_secret(node.name)), mode="0600")


def public(desired: DesiredCluster, node: DesiredNode) -> ManagedFile:
    """The half that may be read: the key itself never leaves the node, so this tells whether it is the one that the peer lets in."""
    return ManagedFile(
        FENCE_PUBLIC, Text.of(header(desired.name, "the public half of the fencing key") + f"{node.fence_key}\n")
    )


def known_hosts(desired: DesiredCluster, node: DesiredNode) -> ManagedFile:
    """Trust exactly the peer's pinned key, at both of its addresses."""
    peer = desired.peer(node.name)
    addresses = dict.fromkeys((peer.service_address, peer.replication_address))
    lines = "".join(f"{address} {peer.host_key}\n" for address in addresses)
    return ManagedFile(FENCE_HOSTS, Text.of(header(desired.name, "the peer's host key, as pinned") + lines))


def authorized_keys(desired: DesiredCluster, node: DesiredNode, text: str | None) -> str:
    """Let the peer's fencing key do one thing on this node; every other line stays."""
    line = f'command="{OUTDATE_HERE}",restrict {desired.peer(node.name).fence_key}'
    return with_block(text, desired.name, line)


def _script(desired: DesiredCluster, path: str, what: str, body: str, words: dict[str, str]) -> ManagedFile:
    for word, value in words.items():
        body = body.replace(word, value)
    return ManagedFile(path, Text.of("#!/bin/sh\n" + header(desired.name, what) + body), mode="0755")
