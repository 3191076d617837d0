"""What is stored comes back equal, and what is not ours is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.findings import blocker
from clusters.states import Danger
from provisioning import codec
from provisioning.desired import DesiredExport, DesiredVolume, ExportClient, NfsSettings
from provisioning.intents import (
    ConfigureNfs,
    CreateVolume,
    DeleteVolume,
    EditVolume,
    ForgetCluster,
    GrowResource,
    GrowVolume,
    ProvisionCluster,
    PublishExport,
)
from provisioning.steps import (
    Command,
    Expect,
    FeltClient,
    Guard,
    Impact,
    Kind,
    Plan,
    Probe,
    SecretRef,
    Stage,
    Step,
    Text,
    Wait,
    WriteFile,
    cmd,
)  # fmt: skip

INTENTS = [
    ProvisionCluster("web-files"),
    ForgetCluster("web-files"),
    CreateVolume("web-files", DesiredVolume("web_files", 10 * 1024**3, "xfs", "/srv/web_files", ("noatime", "uquota"))),
    GrowVolume("web-files", "web_files", 20 * 1024**3),
    EditVolume("web-files", "web_files", DesiredVolume("shop", 10 * 1024**3, "xfs", "/srv/shop", ("noatime",))),
    DeleteVolume("web-files", DesiredVolume("web_files", 10 * 1024**3, "xfs", "/srv/web_files")),
    GrowResource("web-files", 20 * 1024**3),
    ConfigureNfs("web-files", NfsSettings(16, versions=("3", "4.2"), domain="example.net", state_volume="nfs_state")),
    PublishExport("web-files", DesiredExport("/srv/web_files", 1, (ExportClient("10.10.0.0/24"),), "web_files")),
]

commands = st.builds(
    Command,
    argv=st.lists(st.text(min_size=1), min_size=1).map(tuple),
    timeout=st.integers(1, 900),
    exits=st.lists(st.integers(0, 255), min_size=1).map(tuple),
    environment=st.lists(st.tuples(st.text(), st.text())).map(tuple),
)
texts = st.lists(st.one_of(st.text(), st.builds(SecretRef, st.text(min_size=1)))).map(lambda parts: Text(tuple(parts)))
expectations = st.builds(
    Expect, exits=st.just((0, 1)), one_of=st.lists(st.text()).map(tuple), lacks=st.lists(st.text()).map(tuple)
)
steps = st.builds(
    Step,
    node=st.sampled_from(["alice", "bob"]),
    title=st.text(),
    kind=st.sampled_from(Kind),
    stage=st.sampled_from(Stage),
    commands=st.lists(commands, max_size=2).map(tuple),
    files=st.lists(st.builds(WriteFile, path=st.text(), content=texts, before=st.none() | st.text()), max_size=1).map(
        tuple
    ),
    load=st.none() | commands,
    wait=st.none() | st.builds(Wait, st.text(), commands, expectations, st.integers(1, 60), st.floats(0.1, 5)),
    probe=st.none() | st.builds(Probe, st.text(), st.lists(st.text()).map(tuple)),
    guards=st.lists(st.builds(Guard, st.text(), commands, expectations), max_size=1).map(tuple),
    assumes=st.lists(st.text(), max_size=2).map(tuple),
    unchanged=st.text(),
)
plans = st.builds(
    Plan,
    title=st.text(),
    summary=st.text(),
    now=st.text(),
    after=st.text(),
    steps=st.lists(steps, max_size=3).map(tuple),
    findings=st.just((blocker("drbd.module-missing", "No module.", node="alice", hazard=19),)),
    danger=st.sampled_from(Danger),
    impact=st.builds(
        Impact,
        notes=st.lists(st.text()).map(tuple),
        clients=st.lists(st.builds(FeltClient, st.text(), opens=st.none() | st.integers(0, 9)), max_size=2).map(tuple),
    ),
)


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: type(intent).__name__)
def test_an_intent_comes_back_equal(intent: Any) -> None:
    stored = codec.dump(intent)
    assert json.loads(json.dumps(stored)) == stored
    assert codec.load(type(intent), json.loads(json.dumps(stored))) == intent


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plans)
def test_a_plan_comes_back_equal_with_its_fingerprint(plan: Plan) -> None:
    stored = codec.dump(plan)
    again = codec.load(Plan, json.loads(json.dumps(stored)))
    assert again == plan
    assert repr(again) == repr(plan)  # enums are enums again, not the strings they equal
    assert again.fingerprint() == plan.fingerprint()
    assert json.loads(json.dumps(stored)) == stored


@pytest.mark.parametrize(
    "change",
    [
        {"type": "ForgetCluster"},
        {"version": 2},
        {"version": None},
        {"force": True},
        {"cluster": 7},
        {"cluster": None},
        {"volume": {"name": "a", "size": "10", "fstype": "xfs", "mount_point": "/srv/a"}},
        {"volume": {"name": "a", "size": True, "fstype": "xfs", "mount_point": "/srv/a"}},
        {"volume": {"name": "a", "size": 10, "fstype": "xfs"}},
        {"volume": {"name": "a", "size": 10, "fstype": "xfs", "mount_point": "/srv/a", "mount_options": [1]}},
        {"volume": None},
    ],
)
def test_it_refuses_what_it_does_not_know(change: dict[str, Any]) -> None:
    with pytest.raises(codec.Unreadable):
        codec.load(CreateVolume, {**codec.dump(INTENTS[2]), **change})


def test_a_secret_is_stored_by_name_only() -> None:
    step = Step("alice", "Write authkeys", Kind.WRITES, Stage.MANAGER,
                files=(WriteFile("/etc/ha.d/authkeys", Text.of("1 sha1 ", SecretRef("authkeys"), "\n"), mode="0600"),),
                commands=(cmd("true"),))  # fmt: skip
    stored = codec.dump(Plan("t", "s", "n", "a", (step,)))
    assert stored["steps"][0]["files"][0]["content"]["parts"] == ["1 sha1 ", {"secret": "authkeys"}, "\n"]
