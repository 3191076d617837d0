"""Heartbeat's scripts send it messages at the same moment: as shipped they tear each other's, as the panel sets a pair up they do not."""

from __future__ import annotations

import shlex

import pytest

from provisioning.facts.heartbeat import with_links
from tests.lab import in_service, machines

pytestmark = pytest.mark.lab
AT_ONCE, ROUNDS = 8, 12
AS_SHIPPED = """ha_clustermsg() { (echo ">>>"; cat -; echo "<<<") | cat - >> $HA_FIFO; }"""
TORN = "NV failure|zero fields|Message too|missing|corrupt"


def torn(function: str = "") -> int:
    """How many lines Heartbeat wrote about messages it could not read, of a kind that nothing in a cluster answers."""
    before = int(machines.run("alpha", "wc -l </var/log/ha-log"))
    one = "printf 't=storagepanel_lab\\nfirst=%s\\nsecond=%s\\nthird=%s\\n' $n $n $n | ha_clustermsg"
    senders = f"for n in $(seq {AT_ONCE}); do ( {one} ) & done; wait"
    script = f". /etc/ha.d/shellfuncs; {function}\nfor round in $(seq {ROUNDS}); do {senders}; done"
    machines.run("alpha", f"cat >/tmp/send <<'END'\n{script}\nEND\nsh /tmp/send", timeout=300)
    machines.run("alpha", "sleep 3")
    said = machines.run("alpha", f"tail -n +{before + 1} /var/log/ha-log | grep -E '{TORN}' || true")
    print(said[:600], flush=True)
    return len(said.splitlines())


@pytest.mark.usefixtures("pair")
def test_messages_sent_at_once_arrive_whole() -> None:
    for name in ("alpha", "beta"):
        assert machines.run(name, "grep -c 'begin: managed by storagepanel' /etc/ha.d/shellfuncs").strip() == "1"
    ours = torn()
    shipped = torn(AS_SHIPPED)
    print(f"of {AT_ONCE * ROUNDS} messages: {ours} complaints with one write, {shipped} as shipped", flush=True)
    assert ours == 0
    assert shipped > 0, "the test no longer shows what the block is for"
    assert in_service.serves("alpha")


@pytest.mark.usefixtures("pair")
def test_questions_asked_at_once_are_answered_like_one_by_one() -> None:
    names = [("node", *name.split()) for name in ("alpha active", "beta active")]
    links = [("link", "beta", link, "up") for link in ("eth1", "eth2")]
    wanted = sorted([("local",), *names, *links])
    command = shlex.join(with_links("alpha"))
    for _ in range(25):
        assert sorted(tuple(line.split()) for line in machines.run("alpha", command).splitlines()) == wanted
    one_by_one = machines.run("alpha", "for n in alpha beta; do echo node $n $(cl_status nodestatus $n); done")
    assert sorted(tuple(line.split()) for line in one_by_one.splitlines()) == names
