"""Trusting another host key of a node in service: a person's decision, for it may be another machine. Nothing here talks to a node."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from clusters.models import Cluster, Node
from clusters.states import AT_WORK, Danger
from provisioning import ceremony, drafts, inquiries
from provisioning.models import Inquiry, Job
from provisioning.pages import fingerprints
from provisioning.refusal import Refused
from provisioning.register import refusals_recorded

ACTION = "node.pin-host-key"
OFFER_GOOD_FOR = timedelta(minutes=10)


def offer(node: Node) -> str:
    """Give the key a worker has just seen the node show; "" when nobody has looked lately, or the last look failed."""
    last = inquiries.last(Inquiry.Kind.HOST_KEY, node.cluster, node)
    if last is None or last.status != Inquiry.Status.DONE or last.ended_at is None:
        return ""
    if last.ended_at < timezone.now() - OFFER_GOOD_FOR or not fingerprints.sha256(node.offered_host_key):
        return ""
    return node.offered_host_key


def at_work(cluster: Cluster) -> Job | None:
    """The job that is on the nodes now, or about to be: it was planned and approved for the machines that were trusted then."""
    return Job.objects.filter(cluster=cluster, status__in=AT_WORK).first()


def again(request: HttpRequest, node: Node, key: str, *, reason: str, typed_name: str, password: str) -> None:
    """Pin the key that was on the page, and ask whether the panel still gets in."""
    with refusals_recorded(request, ACTION, node.cluster, reason=reason):
        ceremony.demand(request, Danger.DESTROYS, node.name, reason=reason, typed_name=typed_name, password=password)
        with transaction.atomic():
            cluster = Cluster.objects.select_for_update(no_key=True).get(pk=node.cluster_id)  # as the door of jobs does
            if job := at_work(cluster):
                raise Refused(f"{job.title} is at work on {cluster}.", "Wait for its end, or stop it first.")
            node = cluster.nodes.get(pk=node.pk)
            said = f"Trusted another host key of {node}: {fingerprints.sha256(key)}, before {fingerprints.sha256(node.host_key) or 'none'}."
            if key != offer(node) or not drafts.pin(request, node, key, text=said, reason=reason.strip()):
                raise Refused(
                    f"{node} shows another key by now, or was not asked lately.", "Ask for it again and compare it."
                )
    inquiries.ask(Inquiry.Kind.INSTALL_KEY, node.cluster, node=node, asked_by=request.user.get_username())
