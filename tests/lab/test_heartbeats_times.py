"""New times of a running Heartbeat, set through the page while a client writes: nothing moves, and a failover still works afterwards."""

from __future__ import annotations

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab


def test_new_times_are_taken_while_a_client_writes(on_call: Walk) -> None:
    watch = Stopwatch()
    clients.mount()
    clients.begin_to_write()
    before = {name: main_process(name) for name in PAIR}
    on_call.go("/c/lab-files/heartbeat/")
    on_call.fill(warntime="6", deadtime="20")
    on_call.send("deadtime", to="/jobs/")
    approve(on_call, "times", 400)
    watch.lap("both Heartbeats took their new times")
    for name in PAIR:
        for parameter, value in (("deadtime", "20"), ("warntime", "6")):
            assert machines.run(name, f"cl_status hbparameter -p {parameter}").split()[-1] == value
        assert machines.run(name, "systemctl is-active heartbeat") == "active"
    assert {name: main_process(name) for name in PAIR} == before
    assert in_service.serves("alpha")
    clients.writes_on()
    report = clients.stop_writing()
    assert report["stalls"] == []
    watch.lap("the client never stood still, and the service did not move")
    clients.begin_to_write()
    clients.writes_on()
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: in_service.serves("beta"), 400, 2)
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    watch.lap(f"a failover afterwards (the client stood still for {report['stalls']} s)")
    assert on_call.troubles == []


def main_process(name: str) -> str:
    """As systemd knows it: it stops what is left when this one ends."""
    return machines.run(name, "systemctl show --property=MainPID,NRestarts,ActiveEnterTimestampMonotonic heartbeat")
