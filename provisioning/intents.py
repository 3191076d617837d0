"""What a person asks for. Pure data, stored with the job as JSON (`codec.py`); each has one planner in `plans/`."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.desired import DesiredExport, DesiredVolume


@dataclass(frozen=True, slots=True)
class ProvisionCluster:
    """Make the pair as the inventory describes it (`cluster.provision`)."""

    cluster: str


@dataclass(frozen=True, slots=True)
class ForgetCluster:
    """Take the pair out of the panel; the nodes are not touched (`cluster.forget`)."""

    cluster: str


@dataclass(frozen=True, slots=True)
class CreateVolume:
    cluster: str
    volume: DesiredVolume


@dataclass(frozen=True, slots=True)
class PublishExport:
    cluster: str
    export: DesiredExport


@dataclass(frozen=True, slots=True)
class EnrolNode:
    """Ask a node for its host key, or install the panel's key on it: the two things done before a node is trusted."""

    cluster: str
    node: str


Intent = ProvisionCluster | ForgetCluster | CreateVolume | PublishExport
