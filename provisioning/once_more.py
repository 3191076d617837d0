"""Asking the nodes a second time when one of them gave no answer: a link that was down for a moment should not cost a person a click.

Once, after a pause, and never where it cannot help: a changed host key, a refused login or sudo, a node that the monitor already calls
unreachable, and a first try that took long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from clusters.findings import Finding, fine
from clusters.models import Cluster, NodeState
from provisioning.observed import NodeObserved
from provisioning.observing import Answers, failed, told
from provisioning.transport.world import NodeError, Time, Unreachable

log = logging.getLogger(__name__)
PAUSE = 2.0  # seconds before it is asked again
PATIENCE = 20.0  # seconds: there is no second try after a longer first one. Silence on a kept connection takes 15.
NEWS = 60.0  # seconds for which it counts that the monitor does not reach a node

Reading = Mapping[str, NodeObserved]


def asked(
    read: Callable[[], Answers], cluster: Cluster, time: Time, *, one_is_enough: bool = False
) -> tuple[Reading, tuple[Finding, ...]]:
    """Read both nodes, a second time if it must be; what was missed at first is told as a finding.

    Both nodes are read again, not only the silent one, so that a plan is made from readings of one moment. With `one_is_enough` the node
    that cannot be read is left out and the finding says why; what follows from that, `checks.running` says.
    """
    began = time.now()
    answers = read()
    missed = problem = failed(answers)
    if isinstance(missed, Unreachable) and not _in_vain(cluster, missed.node, began, time.now()):
        log.warning("%s: %s; asking once more", cluster.slug, missed)
        time.sleep(PAUSE)
        answers = read()
        problem = failed(answers)
        if isinstance(problem, Unreachable):
            problem = _still(problem)
    if problem is not None and not (one_is_enough and told(answers)):
        raise problem
    return told(answers), _findings(missed, problem)


def _findings(missed: NodeError | None, problem: NodeError | None) -> tuple[Finding, ...]:
    if problem is not None:
        return (fine("node.why-not-read", str(problem), node=problem.node),)
    if missed is None:
        return ()
    text = f"{missed.node} answered when it was asked again, {PAUSE:.0f} s after its first try failed: {missed.text}"
    return (fine("node.asked-twice", text, node=missed.node),)


def _in_vain(cluster: Cluster, node: str, began: float, now: float) -> bool:
    return now - began > PATIENCE or _known_to_be_away(cluster, node, now)


def _known_to_be_away(cluster: Cluster, node: str, now: float) -> bool:
    """The monitor has asked it again and again: once more would only make a person wait."""
    state = NodeState.objects.filter(node__cluster=cluster, node__name=node, reachable=False).first()
    return state is not None and state.tried_at is not None and now - state.tried_at.timestamp() < NEWS


def _still(problem: NodeError) -> NodeError:
    text = problem.text.rstrip(".")
    return type(problem)(problem.node, f"{text}. It was asked twice, {PAUSE:.0f} s apart.")
