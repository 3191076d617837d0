"""The pair without the panel: reboots and power cuts of both, and what a node may do that comes back alone."""

from __future__ import annotations

import time

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR
from tests.lab.walk import Stopwatch

pytestmark = pytest.mark.lab
BOOT_AND_INITDEAD = (
    600  # seconds at most until a pair that was switched on serves; a machine boots in one to two minutes here
)

# Held back by our own wait (activating), or still behind DRBD's (inactive): it depends on what DRBD had written down when the power went.
WAITS = "grep --quiet ds:Consistent/DUnknown /proc/drbd && systemctl is-active heartbeat | grep --quiet -E 'activating|inactive'"


@pytest.fixture
def writing(pair: None) -> None:
    clients.mount()
    clients.begin_to_write()
    time.sleep(3)


def test_a_reboot_of_both_nodes_ends_with_the_group_in_service(writing: None) -> None:
    watch = Stopwatch()
    machines.reboot(*PAIR)
    _served_again(watch, "both rebooted")


def test_a_power_cut_of_both_ends_with_the_group_in_service(writing: None) -> None:
    watch = Stopwatch()
    machines.cut_power(*PAIR)
    machines.start(*PAIR)
    _served_again(watch, "both lost power")


def test_the_node_that_went_on_alone_serves_alone_after_a_power_cut(writing: None) -> None:
    """HAZARDS 27: beta was gone, alpha wrote on and knows that beta's copy is old; then alpha loses power and beta stays away."""
    watch = Stopwatch()
    machines.cut_power("beta")
    outdated = "grep --quiet ds:UpToDate/Outdated /proc/drbd"
    machines.until("alpha takes beta's copy for outdated", lambda: machines.answers("alpha", outdated), 120, 1)
    clients.writes_on()
    machines.cut_power("alpha")
    machines.start("alpha")
    machines.until("alpha serves alone", lambda: in_service.serves("alpha"), BOOT_AND_INITDEAD, 2)
    watch.lap("alpha serves alone again")
    machines.start("beta")
    _served_again(watch, "beta is back")


def test_a_node_that_cannot_know_waits_and_serves_by_itself_when_its_peer_is_back(writing: None) -> None:
    """Alpha loses power seconds after beta, before its handler has said that beta cannot be reached: it cannot know which copy is newer."""
    watch = Stopwatch()
    machines.cut_power("beta")
    alone = "grep --quiet ds:UpToDate/DUnknown /proc/drbd"
    machines.until("alpha has lost beta", lambda: machines.answers("alpha", alone), 60, 0.2)
    machines.cut_power("alpha")
    machines.start("alpha")
    machines.wait_ssh("alpha")
    machines.until("alpha waits", lambda: machines.answers("alpha", WAITS), 180, 2)
    time.sleep(90)  # longer than initdead: a Heartbeat that had started would have tried by now
    assert machines.answers("alpha", WAITS)
    assert not in_service.serves("alpha")
    watch.lap("alpha alone waits")
    machines.start("beta")
    _served_again(watch, "beta is back")


def test_the_older_copy_waits_for_the_newer_one(writing: None) -> None:
    """HAZARDS 27: beta was gone, alpha wrote on; then alpha loses power and only beta comes back: it must not serve old data."""
    watch = Stopwatch()
    machines.cut_power("beta")
    machines.until(
        "alpha goes on without beta",
        lambda: machines.answers("alpha", "grep --quiet 'ds:UpToDate/[OD]' /proc/drbd"),
        120,
        2,
    )
    clients.writes_on()
    machines.cut_power("alpha")
    machines.start("beta")
    machines.wait_ssh("beta")
    time.sleep(240)
    assert not in_service.serves("beta")
    assert not machines.answers("beta", "grep --quiet ro:Primary /proc/drbd")
    machines.start("alpha")
    _served_again(watch, "alpha is back")


def _served_again(watch: Stopwatch, says: str) -> None:
    machines.until(
        f"{says}: one node serves", lambda: any(in_service.serves(name) for name in PAIR), BOOT_AND_INITDEAD, 2
    )
    watch.lap(f"{says}: served again")
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"the client went on by itself (it stood still for {report['stalls']} s)")
    serving = next(name for name in PAIR if in_service.serves(name))
    machines.until("both copies UpToDate", lambda: in_service.redundant(serving), 300, 2)
    assert [in_service.serves(name) for name in PAIR].count(True) == 1
    watch.lap("redundant")
