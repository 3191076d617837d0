"""What the door knows of one thing a person may do to a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clusters import apart
from clusters.models import Cluster, Export, Volume
from clusters.states import AccessLevel, Inventory
from provisioning.desired import DesiredCluster
from provisioning.facts import Asked
from provisioning.models import Job, JobStep
from provisioning.steps import Plan

Planner = Callable[..., Plan]  # plan(intent, desired, observed, backend)


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    title: str  # a verb with its kind of object; the object follows: "Create volume" web_files
    intent: type[Any]
    planner: Planner
    level: AccessLevel
    object: Callable[[Any], str]
    refuses: Callable[[Cluster, Any], str]  # a sentence why not, or ""
    begin: Callable[[Cluster, Any], None]
    settle: Callable[[Cluster, Any], None]
    give_back: Callable[[Cluster, Any, bool], None]
    left: str = ""  # what a job that was given up half way leaves; "": its object is a draft again
    binds: Callable[[JobStep], bool] = lambda step: True  # whether the inventory cannot be as before once it ran
    asks: Callable[[Any, DesiredCluster], Asked] = lambda intent, desired: Asked()
    unsettles: Callable[[Any, DesiredCluster], tuple[str, ...]] = (
        lambda intent, desired: ()
    )  # what is nowhere while it runs
    learns: Callable[[Job, Any], None] = lambda job, intent: None  # keeps what a job that succeeded found out
    named: Callable[[Cluster, Any], str] | None = None  # its job's title, where that is not the two above
    alone: bool = False  # needs only the node that serves: planned and run also when the other one cannot be read
    in_panel: bool = False  # touches no node: planned and done by the door itself, so that it works without a worker

    def heading(self, cluster: Cluster, intent: Any) -> str:
        """Give what a job is called until its plan says it."""
        return self.named(cluster, intent) if self.named else f"{self.title} {self.object(intent)}"


def not_running(cluster: Cluster) -> str:
    """Say why a pair cannot be given anything: it is not in service, or its copies are apart."""
    return apart.why_not_now(cluster) if cluster.inventory == Inventory.PRESENT else f"{cluster} is not set up yet."


def taken(row: Volume | Export | None, sentence: str) -> str:
    """Say the sentence when the row is somebody's already; one that is a draft or half made may be taken up again."""
    return sentence if row and row.inventory not in (Inventory.DRAFT, Inventory.CREATING) else ""
