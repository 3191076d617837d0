"""A program of the node prints the pair's secret: nothing the panel keeps or shows has it, whole or in part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusters.models import AuditEntry
from clusters.states import JobStatus
from provisioning.masking import NOT_SHOWN
from provisioning.models import JobCommand
from provisioning.sealed import DRBD_SHARED_SECRET, make_cluster_secrets
from provisioning.simulator import store
from provisioning.simulator.world import SimulatedWorld
from provisioning.transport.world import NodeRefused
from provisioning.unseal import open_secret
from tests.faults.invariants import leaked
from tests.scenarios.stage import Stage
from tests.scenarios.test_scenarios import stage

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["stage"]


@pytest.fixture
def secret(stage: Stage) -> str:
    make_cluster_secrets(stage.cluster, ["alice", "bob"])
    return open_secret(DRBD_SHARED_SECRET, cluster=stage.cluster).decode()


def pieces_of(secret: str) -> Iterator[str]:
    """Twelve characters of it would do harm, too."""
    return (secret[at : at + 12] for at in range(len(secret) - 11))


@pytest.mark.parametrize("behind", [0, 280])
def test_a_failing_drbdadm_prints_it(stage: Stage, secret: str, behind: int) -> None:
    """With enough behind it, the sentence about the failure begins in the middle of the secret."""
    said = f"r0: drbdsetup-84 net-options r0 --shared-secret={secret}" + f" {'x' * behind}" * bool(behind)
    with store.opened(stage.cluster.pk) as pair:
        pair.faults["alice drbdadm"] = said
    stage.do_provision()
    assert stage.job
    assert stage.job.status == JobStatus.FAILED
    assert "drbdadm" in stage.job.problem
    assert list(leaked(stage.cluster, (), None)) == []
    kept = [stage.job.problem, *JobCommand.objects.values_list("output", flat=True)]
    kept += [*AuditEntry.objects.values_list("text", flat=True), *stage.job.steps.values_list("note", flat=True)]
    assert not [text for text in kept for piece in pieces_of(secret) if piece in text]
    assert any(f"--shared-secret={NOT_SHOWN}" in text for text in kept)


def test_a_node_that_refuses_a_file_prints_it(stage: Stage, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(world: SimulatedWorld, node: object, path: str, *given: object, **named: object) -> str:
        raise NodeRefused("alice", f"cannot write {path}: {secret}")

    monkeypatch.setattr(SimulatedWorld, "put", refuse)
    stage.do_provision()
    assert stage.job
    assert f"cannot write /etc/lvm/lvmlocal.conf: {NOT_SHOWN}" in stage.job.problem
    assert list(leaked(stage.cluster, (), None)) == []
