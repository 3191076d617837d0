"""The table of everything a person may do."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.states import AccessLevel
from provisioning import codec
from provisioning.actions import ACTIONS, Action
from provisioning.intents import (
    CheckVolume,
    CloseSnapshot,
    ConfigureManager,
    ConfigureNfs,
    CreateSnapshot,
    CreateVolume,
    DeleteSnapshot,
    DeleteVolume,
    EditExport,
    EditQuota,
    EditVolume,
    ForgetCluster,
    GrowResource,
    GrowVolume,
    Intent,
    KeepSnapshots,
    OpenSnapshot,
    ProvisionCluster,
    PublishExport,
    RepairVolume,
    RestoreSnapshot,
    TrimVolume,
    WithdrawExport,
)


def test_it_holds_the_actions_other_work_relies_on() -> None:
    assert {name: action.intent for name, action in ACTIONS.items()} == {
        "cluster.provision": ProvisionCluster,
        "cluster.forget": ForgetCluster,
        "volume.create": CreateVolume,
        "volume.grow": GrowVolume,
        "volume.check": CheckVolume,
        "volume.repair": RepairVolume,
        "volume.trim": TrimVolume,
        "quota.edit": EditQuota,
        "volume.edit": EditVolume,
        "volume.delete": DeleteVolume,
        "resource.grow": GrowResource,
        "export.publish": PublishExport,
        "nfs.configure": ConfigureNfs,
        "manager.configure": ConfigureManager,
        "snapshot.create": CreateSnapshot,
        "snapshot.keep": KeepSnapshots,
        "snapshot.delete": DeleteSnapshot,
        "snapshot.restore": RestoreSnapshot,
        "snapshot.open": OpenSnapshot,
        "snapshot.close": CloseSnapshot,
        "export.edit": EditExport,
        "export.withdraw": WithdrawExport,
    }
    assert set(Intent.__args__) == {action.intent for action in ACTIONS.values()}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_each_row_is_whole(action: Action) -> None:
    assert action.title
    assert action.planner.__module__.startswith("provisioning.plans.")
    assert action.level >= AccessLevel.OPERATOR
    assert len(action.name) <= 40


def test_only_what_touches_no_node_is_done_by_the_door() -> None:
    assert [action.name for action in ACTIONS.values() if action.in_panel] == ["cluster.forget"]


def test_an_unknown_action_is_no_action() -> None:
    with pytest.raises(KeyError):
        ACTIONS["cluster.destroy"]


def test_a_stored_intent_of_another_action_is_refused() -> None:
    stored: dict[str, Any] = codec.dump(ForgetCluster("web-files"))
    with pytest.raises(codec.Unreadable):
        codec.load(ACTIONS["cluster.provision"].intent, stored)
