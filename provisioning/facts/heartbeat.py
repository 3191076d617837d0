"""What Heartbeat believes: cl_status. It is a belief only; role, mounts, nfsd and service IP tell what is.

Proven with Heartbeat 3.0.6. Exit codes do not matter: nodestatus of a dead node exits with 1.
"""

from __future__ import annotations

from provisioning.facts.answers import Answer, lines, refuse
from provisioning.observed import HeartbeatReading

BELIEFS = ("all", "local", "foreign", "none", "transition")
BELIEF = ("cl_status", "rscstatus")
# A constant: names come from cl_status itself and are only ever arguments. `$1` is the node's own name, whose links say nothing.
# Heartbeat answers each question a quarter of a second later, so they are asked at the same time; lines come in any order.
EACH_NODE = """set -f
cl_status rscstatus & belief=$!
for node in $(cl_status listnodes); do
  { status=$(cl_status nodestatus "$node"); printf 'node %s %s\\n' "$node" "$status"; } &
  [ "$node" = "$1" ] && continue
  for link in $(cl_status listhblinks "$node"); do
    { status=$(cl_status hblinkstatus "$node" "$link"); printf 'link %s %s %s\\n' "$node" "$link" "$status"; } &
  done
done
wait "$belief" || failed=$?
wait
exit "${failed:-0}"
"""


def with_links(node: str) -> tuple[str, ...]:
    return ("sh", "-c", EACH_NODE, "sh", node)


def parse(answer: Answer) -> HeartbeatReading:
    """Read the belief, and the nodes and links where they were asked for. Not installed or no sign-on means: not running."""
    if answer.exit is None:
        raise refuse("cl_status did not answer in time")
    unsigned = "Cannot signon" in answer.stderr or "Cannot signon" in answer.stdout
    if answer.exit == 127 or (unsigned and not set(answer.stdout.split()) & set(BELIEFS)):
        return HeartbeatReading(running=False)
    if unsigned:  # it runs, and said no to one of the questions
        raise refuse("not every question was answered", answer.stderr.strip())
    belief, nodes, links = "", [], []
    for line in lines(answer.stdout):
        match line.split():
            case []:
                continue
            case [word] if word in BELIEFS and not belief:
                belief = word
            case ["node", name, status]:
                nodes.append((name, status))
            case ["link", name, link, status]:
                links.append((name, link, status))
            case _:
                raise refuse("neither a state of Heartbeat's resources nor a node nor a link", line)
    if not belief:
        raise refuse("no state of Heartbeat's resources", answer.stderr.strip())
    return HeartbeatReading(True, belief, tuple(sorted(nodes)), tuple(sorted(links)))
