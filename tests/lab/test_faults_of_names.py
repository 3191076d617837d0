"""Name services that take every question and answer none: the panel's own, and that of the nodes."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.lab import clients, machines
from tests.lab.places import MACHINES, OBSERVER_ADDRESS, PAIR
from tests.lab.setting_up import approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
NAME = "client.lab.example"  # /etc/hosts of the nodes knows it, until nobody does
SILENT = OBSERVER_ADDRESS.split("/")[0]


@pytest.fixture
def silence(lab_network: None) -> Iterator[None]:
    """Whoever asks for a name in the lab's network is heard and not answered, for ever: this host's name servers, and the observer's address."""
    found = re.findall(r"^nameserver\s+([0-9.]+)", Path("/etc/resolv.conf").read_text(), re.M) or ["127.0.0.1"]
    with ExitStack() as stack:
        for address in found:
            local = subprocess.run(["ip", "-brief", "address"], capture_output=True, text=True, check=True).stdout
            if f"{address}/" not in local:
                subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
                stack.callback(subprocess.run, ["ip", "address", "del", f"{address}/32", "dev", "lo"], check=True)
        listener = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
        listener.bind(("", 53))
        yield


@pytest.mark.usefixtures("silence")
def test_names_that_hang_hold_nothing_up(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    walk.go("/c/lab-files/clients/")
    there = re.escape(MACHINES["client"].lan)
    walk.until("the client, by its address", there, 150)
    walk.until("the name service is named", f"{there}.*the name service does not answer|does not answer.*{there}", 150)
    walk.picture("names-hang")
    watch.lap("the panel's name service hangs: the client is listed by its address, and the page says why")

    for name in PAIR:
        machines.run(name, f"sed -i 's/ client$/ {NAME} client/' /etc/hosts")
    add(walk, 2, NAME)
    approve(walk, "media for a name", 180, reason="the lab asks for it")
    for name in PAIR:
        machines.run(name, f"echo nameserver {SILENT} >/etc/resolv.conf")
    add(walk, 1, "nas-client.example.org")
    planned(walk, "a client by name")
    walk.picture("plan-names-hang")
    walk.fill(reason="the lab asks for it")  # root of one client loses what its network gave
    walk.press(walk.form("/approve/"))
    walk.until("an end", "needs somebody", 600, instead_of="succeeded")
    walk.picture("end-names-hang")
    assert "Failed to resolve nas-client.example.org" in walk.text
    assert "Nothing was changed by this step" in walk.text
    watch.lap("an export to a name that nobody answers for has its end")

    for name in PAIR:
        machines.run(name, f"sed -i 's/ {NAME} client$/ client/' /etc/hosts")
    add(walk, 1, "192.168.77.99")
    planned(walk, "an address")
    walk.fill(reason="the lab asks for it")
    walk.press(walk.form("/approve/"))
    walk.until("an end", "needs somebody", 600, instead_of="succeeded")
    walk.picture("end-names-of-others")
    assert f"The name service gives no answer about {NAME}" in walk.text
    assert f"/srv/media {NAME}(" in table()
    assert "192.168.77.99" not in table()
    watch.lap("a change of one export stops before a client of another loses its own")
    files = {machines.run(name, "cat /etc/exports.d/storagepanel.exports") for name in PAIR}
    assert len(files) == 1
    for name in PAIR:
        machines.run(name, f"sed -i 's/ client$/ {NAME} client/' /etc/hosts")
    walk.press(walk.form("/again/"), to="/jobs/")
    approve(walk, "an address again", 180, reason="the lab asks for it")
    assert f"/srv/media {NAME}(" in table()
    assert "/srv/homes 192.168.77.99(" in table()
    walk.go("/c/lab-files/")
    walk.until("the monitor reads both nodes all the while", "Redundant. A failover now would work", 120)
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    print(f"the writer stood still for {report['stalls']} s", flush=True)
    assert sum(report["stalls"]) < 10
    assert walk.troubles == []


def add(walk: Walk, export: int, client: str) -> None:
    """Ask for one more client of an export, up to its job's page."""
    walk.go(f"/c/lab-files/exports/{export}/edit/")
    with walk.page.expect_navigation():
        walk.page.locator('main button[name="add"]').click()
    walk.fill(c1__client=client)
    walk.send("c0__client", to="/jobs/")


def table() -> str:
    """The table itself: exportfs would look every name up before it shows one."""
    return " ".join(machines.run("alpha", "cat /var/lib/nfs/etab").split())
