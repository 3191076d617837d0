"""What Heartbeat believes: cl_status. It is a belief only; role, mounts, nfsd and service IP tell what is.

Proven with Heartbeat 3.0.6. Exit codes do not matter: nodestatus of a dead node exits with 1.
"""

from __future__ import annotations

from provisioning.facts.answers import Answer, lines, refuse
from provisioning.observed import HeartbeatReading

BELIEFS = ("all", "local", "foreign", "none", "transition")
BELIEF = ("cl_status", "rscstatus")
# A constant: names come from cl_status itself and are only ever arguments. `$1` is the node's own name, whose links say nothing.
EACH_NODE = """set -f
cl_status rscstatus || exit $?
for node in $(cl_status listnodes); do
  printf 'node %s %s\\n' "$node" "$(cl_status nodestatus "$node")"
  [ "$node" = "$1" ] && continue
  for link in $(cl_status listhblinks "$node"); do
    printf 'link %s %s %s\\n' "$node" "$link" "$(cl_status hblinkstatus "$node" "$link")"
  done
done
exit 0"""


def with_links(node: str) -> tuple[str, ...]:
    return ("sh", "-c", EACH_NODE, "sh", node)


def parse(answer: Answer) -> HeartbeatReading:
    """Read the belief, and the nodes and links where they were asked for. Not installed or no sign-on means: not running."""
    if answer.exit is None:
        raise refuse("cl_status did not answer in time")
    if answer.exit == 127 or "Cannot signon" in answer.stderr or "Cannot signon" in answer.stdout:
        return HeartbeatReading(running=False)
    first, *rest = [line.strip() for line in lines(answer.stdout) if line.strip()] or [""]
    if first not in BELIEFS:
        raise refuse("not a state of Heartbeat's resources", first or answer.stderr.strip())
    nodes, links = [], []
    for line in rest:
        match line.split():
            case ["node", name, status]:
                nodes.append((name, status))
            case ["link", name, link, status]:
                links.append((name, link, status))
            case _:
                raise refuse("neither a node nor a link", line)
    return HeartbeatReading(True, first, tuple(nodes), tuple(links))
