"""What was approved is what runs: readings leave a plan's fingerprint alone, whatever would run otherwise changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.findings import warning
from provisioning.steps import (
    Expect,
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
    unchanged,
)  # fmt: skip

MAKE = Step(
    "alice", "Make the file system", Kind.DESTROYS, Stage.VOLUMES,
    commands=(cmd("lvcreate", "--name", "shop", "vg_data"), cmd("mkfs.ext4", "/dev/vg_data/shop", TZ="UTC")),
    guards=(Guard("vdb is empty", cmd("wipefs", "/dev/vdb"), Expect(one_of=("",))),),
    assumes=("vdb has serial data-alice",),
)  # fmt: skip
WRITE = Step(
    "bob", "Write authkeys", Kind.WRITES, Stage.MANAGER,
    files=(WriteFile("/etc/ha.d/authkeys", Text.of("1 sha1 ", SecretRef("authkeys")), mode="0600", before="aa", before_text="old"),),
    load=cmd("systemctl", "reload", "heartbeat"),
)  # fmt: skip
ASK = Step(
    "alice",
    "Wait",
    Kind.WAITS,
    Stage.CONNECT,
    wait=Wait("connected", cmd("drbdadm", "cstate", "r0"), Expect(one_of=("Connected",)), 60),
)
LOOK = Step("observer", "Look", Kind.OBSERVES, Stage.PROVE, probe=Probe("10.10.0.50", ("/srv/shop",)))
THERE = unchanged(
    Step("bob", "Make the mount point", Kind.WRITES, Stage.MOUNTS, commands=(cmd("mkdir", "/srv/shop"),)),
    "It is there.",
)
PLAN = Plan("Create shop", "One volume.", "12 GiB are free.", "It is mounted.", (MAKE, WRITE, ASK, LOOK, THERE))

words = st.text(max_size=40)


@given(words, words, words, words, words, st.integers(1, 9000), st.floats(0.1, 60))
def test_readings_and_words_do_not_change_it(
    a: str, b: str, c: str, d: str, e: str, number: int, seconds: float
) -> None:
    make = replace(
        MAKE, title=a, note=b, commands=tuple(replace(command, timeout=number) for command in MAKE.commands),
        guards=(replace(MAKE.guards[0], says=c),),
    )  # fmt: skip
    write = replace(WRITE, title=d, files=(replace(WRITE.files[0], before_text=e),))
    assert ASK.wait
    ask = replace(ASK, wait=replace(ASK.wait, says=a, bound=number, every=seconds))
    there = replace(THERE, unchanged=f"It is there, {b}")
    again = Plan(
        a, b, f"{number} GiB are free.", c, (make, write, ask, LOOK, there, there),
        findings=(warning("x.y", d, hint=e),), button=e, impact=Impact(pause=f"about {number} s"),
    )  # fmt: skip
    assert again.fingerprint() == PLAN.fingerprint()


def with_step(number: int, **change: object) -> Plan:
    steps = list(PLAN.steps)
    steps[number] = replace(steps[number], **change)
    return replace(PLAN, steps=tuple(steps))


def with_file(**change: object) -> Plan:
    return with_step(1, files=(replace(WRITE.files[0], **change),))


CHANGES: dict[str, Callable[[], Plan]] = {
    "another node": lambda: with_step(0, node="bob"),
    "another kind": lambda: with_step(1, kind=Kind.DESTROYS),
    "another argument": lambda: with_step(0, commands=(cmd("lvcreate", "--name", "shop2", "vg_data"), MAKE.commands[1])),
    "arguments cut elsewhere": lambda: with_step(0, commands=(cmd("lvcreate", "--name", "shop vg_data"), MAKE.commands[1])),
    "one command less": lambda: with_step(0, commands=MAKE.commands[:1]),
    "commands the other way round": lambda: with_step(0, commands=MAKE.commands[::-1]),
    "another environment": lambda: with_step(0, commands=(MAKE.commands[0], cmd("mkfs.ext4", "/dev/vg_data/shop"))),
    "another exit counts as success": lambda: with_step(0, commands=(replace(MAKE.commands[0], exits=(0, 5)), MAKE.commands[1])),
    "another assumption": lambda: with_step(0, assumes=("vdb has serial data-bob",)),
    "no assumption": lambda: with_step(0, assumes=()),
    "no guard": lambda: with_step(0, guards=()),
    "a guard that expects less": lambda: with_step(0, guards=(replace(MAKE.guards[0], expect=Expect()),)),
    "a guard that asks something else": lambda: with_step(0, guards=(replace(MAKE.guards[0], command=cmd("true")),)),
    "another path": lambda: with_file(path="/etc/ha.d/haresources"),
    "another content": lambda: with_file(content=Text.of("1 md5 ", SecretRef("authkeys"))),
    "a secret made plain": lambda: with_file(content=Text.of("1 sha1 ", "authkeys")),
    "another mode": lambda: with_file(mode="0644"),
    "another owner": lambda: with_file(owner="root:haclient"),
    "a file changed by hand": lambda: with_file(before="bb"),
    "a file that is gone": lambda: with_file(before=None),
    "another reload": lambda: with_step(1, load=cmd("systemctl", "restart", "heartbeat")),
    "no reload": lambda: with_step(1, load=None),
    "another condition": lambda: with_step(2, wait=Wait("x", cmd("drbdadm", "cstate", "r0"), Expect(one_of=("StandAlone",)), 60)),
    "another service IP": lambda: with_step(3, probe=Probe("10.10.0.51", ("/srv/shop",))),
    "another export to see": lambda: with_step(3, probe=Probe("10.10.0.50", ())),
    "a step that runs after all": lambda: with_step(4, unchanged=""),
    "a step that is done meanwhile": lambda: with_step(0, unchanged="It is made."),
    "another order": lambda: replace(PLAN, steps=(WRITE, MAKE, ASK, LOOK, THERE)),
    "a step twice": lambda: replace(PLAN, steps=(MAKE, *PLAN.steps)),
    "nothing at all": lambda: replace(PLAN, steps=()),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_would_run_otherwise_changes_it(what: str) -> None:
    assert CHANGES[what]().fingerprint() != PLAN.fingerprint()


def test_no_two_of_these_plans_look_alike() -> None:
    prints = {change().fingerprint() for change in CHANGES.values()}
    assert len(prints) == len(CHANGES)
