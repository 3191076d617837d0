"""A worker's answers to questions: what host key does the node show, does the panel's key work, what is on the nodes, what would rows run."""

from __future__ import annotations

from collections.abc import Callable

from clusters.findings import blocker
from clusters.models import Cluster, Node
from provisioning import checks, inquiries, preflight, quota_reading, row_plans
from provisioning.inquiries import Answer
from provisioning.models import Inquiry, SealedSecret
from provisioning.observed import NodeObserved
from provisioning.observing import address_of, observe_each
from provisioning.sealed import PANEL_SSH_KEY, PASSWORD, public_half, scope_of
from provisioning.simulator.store import host_key_of
from provisioning.snapshot import Incomplete, desired_of
from provisioning.steps import cmd
from provisioning.transport import enrol
from provisioning.transport.choose import world_for
from provisioning.transport.world import HostKeyChanged, HostKeyMissing, NodeError, Unreachable
from provisioning.unseal import SecretMissing, take_secret


def inquire(inquiry_id: int) -> None:
    """Answer once: a question that somebody else took is left alone."""
    inquiry = inquiries.take(inquiry_id)
    if inquiry is None:
        return
    try:
        result = _ANSWERS[Inquiry.Kind(inquiry.kind)](inquiry)
    except (NodeError, SecretMissing, Incomplete, inquiries.NotNow) as problem:
        inquiries.end(inquiry_id, Inquiry.Status.FAILED, problem=str(problem), hint=getattr(problem, "hint", ""))
        return
    inquiries.end(inquiry_id, Inquiry.Status.DONE, result=result)


def inquire_failed(inquiry_id: int, error: Exception) -> None:
    """What the task's edge does with an error that nobody expected."""
    text = f"The panel made a mistake: {error}."
    inquiries.end(inquiry_id, Inquiry.Status.FAILED, problem=text, hint="Look at the panel's log, then ask again.")


def _node(inquiry: Inquiry) -> Node:
    if inquiry.node is None:
        raise ValueError("This question is about one node.")
    return inquiry.node


def _host_key(inquiry: Inquiry) -> Answer:
    """Look at the key and keep it as an offer; trusting it is a person's decision."""
    node = _node(inquiry)
    if inquiry.cluster.simulated:
        shown = host_key_of(inquiry.cluster.pk, node.name)
        if shown is None:
            raise Unreachable(node.name, "no simulated machine of this name is on")
    else:
        shown = enrol.fetch_host_key(address_of(node))
    Node.objects.filter(pk=node.pk).update(offered_host_key=shown)
    return {"host_key": shown}


def _install_key(inquiry: Inquiry) -> Answer:
    """Put the panel's key on the node if a password was typed for it, then see whether the login works."""
    node, cluster = _node(inquiry), inquiry.cluster
    address = address_of(node)
    typed = SealedSecret.objects.filter(scope=scope_of(None, node), name=PASSWORD).exists()
    if typed:
        password = take_secret(PASSWORD, node=node)
        if not cluster.simulated:
            enrol.install_key(address, password.decode(), public_half(PANEL_SSH_KEY))
    try:
        world_for(cluster).read(address, [cmd("true", timeout=10)])
    except (HostKeyChanged, HostKeyMissing):
        raise
    except NodeError:
        Node.objects.filter(pk=node.pk).update(key_installed=False)
        raise
    Node.objects.filter(pk=node.pk, host_key=node.host_key).update(key_installed=True)
    return {"installed": typed}


def _preflight(inquiry: Inquiry) -> Answer:
    """Read the nodes and say what stands in the way. A node that could not be read is a finding, not a failure."""
    cluster: Cluster = inquiry.cluster
    try:
        desired = desired_of(cluster)
    except Incomplete:
        desired = None
    answers = observe_each(world_for(cluster), cluster, desired)
    observed = {name: answer for name, answer in answers.items() if isinstance(answer, NodeObserved)}
    errors = [answer for answer in answers.values() if isinstance(answer, NodeError)]
    if errors and not observed:
        raise errors[0]
    unread = [blocker("node.not-read", f"{error}.", hint=error.hint, node=error.node) for error in errors]
    told = {error.node for error in errors}
    findings = [f for f in checks.preflight(desired, observed) if not (f.code == "node.not-read" and f.node in told)]
    return preflight.dump([*unread, *findings], observed)


_ANSWERS: dict[Inquiry.Kind, Callable[[Inquiry], Answer]] = {
    Inquiry.Kind.HOST_KEY: _host_key,
    Inquiry.Kind.INSTALL_KEY: _install_key,
    Inquiry.Kind.PREFLIGHT: _preflight,
    Inquiry.Kind.QUOTAS: quota_reading.read,
    Inquiry.Kind.PLANS: row_plans.read,
}
