"""What can be done to a pair's manager."""

from __future__ import annotations

from clusters import inventory
from clusters.models import Cluster
from clusters.states import AccessLevel
from provisioning.actions.action import Action, not_running
from provisioning.intents import ConfigureManager
from provisioning.plans import manager


def _settle(cluster: Cluster, intent: ConfigureManager) -> None:
    h = intent.heartbeat
    inventory.manager_times(
        cluster, keepalive=h.keepalive, warntime=h.warntime, deadtime=h.deadtime, initdead=h.initdead
    )


def _refuses(cluster: Cluster, intent: ConfigureManager) -> str:
    if intent.heartbeat.udpport != cluster.udpport:
        return "The nodes do not hear each other while their ports differ, so the port cannot be changed in service."
    return not_running(cluster)


ROWS = (
    Action(
        name="manager.configure",
        title="Change Heartbeat's times of",
        intent=ConfigureManager,
        planner=manager.plan,
        level=AccessLevel.ADMIN,
        object=lambda intent: intent.cluster,
        refuses=_refuses,
        begin=lambda *_: None,
        settle=_settle,
        give_back=lambda *_: None,
        left="one node may have the new times: plan again, or compare the pair with its set-up",
    ),
)
