"""From two bare servers to a failover that a client sits out: driven in the browser, checked on the machines.

One long test, because each part stands on the one before; its report says how long each part took.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.lab import machines
from tests.lab.panel import Panel, panel_up
from tests.lab.places import MACHINES, PAIR, PASSWORD, SERVICE_IP
from tests.lab.walk import Walk

pytestmark = pytest.mark.lab
USERS = {"alpha": "sysop", "beta": "root"}  # both ways in: sudo with the key put there by password, root by hand
ADMIN, ADMIN_PASSWORD = "ada", "correct horse battery lab"
NETWORK = "192.168.77.0/24"


@pytest.fixture
def panel(bare: None, tmp_path: Path) -> Iterator[Panel]:
    with panel_up(tmp_path / "var") as panel:
        yield panel


@pytest.fixture
def walk(panel: Panel, tmp_path: Path) -> Iterator[Walk]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        yield Walk(page, panel.address, tmp_path / "pictures")
        browser.close()


class Stopwatch:
    """Prints what took how long, so that a run's figures can be compared with the last one's."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def lap(self, what: str) -> None:
        now = time.monotonic()
        print(f"{what}: {now - self.since:.1f} s", flush=True)
        self.since = now


def test_two_bare_servers_become_a_pair_that_survives_a_power_cut(panel: Panel, walk: Walk) -> None:
    watch = Stopwatch()
    sign_up(walk, panel)
    enrol(walk)
    watch.lap("enrolled both servers")
    describe(walk)
    watch.lap("described the pair")
    provision(walk)
    watch.lap("provisioned the pair")
    writes_on_the_client()
    add_volume_and_export(walk)
    watch.lap("added a volume and an export")
    wait_for_first_copy(walk)
    watch.lap("first copy complete")
    report, pause = survive_power_cut(walk)
    watch.lap(f"failed over (the client stood still for {report['stalls']} s, the history says {pause})")
    come_back(walk)
    watch.lap("the lost node came back and was copied to 100 %")
    checksums_agree()
    assert walk.troubles == []


def sign_up(walk: Walk, panel: Panel) -> None:
    walk.go(panel.link)
    walk.fill(username=ADMIN, password=ADMIN_PASSWORD, again=ADMIN_PASSWORD)
    walk.send("again")
    walk.go("/new/")
    walk.fill(slug="lab-files")
    walk.send("slug", to="/c/lab-files/draft/nodes/")


def enrol(walk: Walk) -> None:
    """Host keys compared with what the machines say of themselves; one key installed by password, one by hand."""
    for prefix, name in zip("ab", PAIR, strict=True):
        walk.fill(**{
            f"{prefix}__name": name, f"{prefix}__ssh_host": "127.0.0.1",
            f"{prefix}__ssh_port": str(MACHINES[name].port), f"{prefix}__ssh_user": USERS[name],
        })  # fmt: skip
    walk.send("b__ssh_user", to="/c/lab-files/draft/nodes/")
    for name in PAIR:
        true = machines.run(name, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
        walk.until(f"{name}'s own fingerprint shown", true.replace("+", r"\+"), 60)
        walk.press(walk.page.locator(f'section:has-text("{true}") form[action$="/pin/"]'))
    for name in PAIR:
        walk.until(f"the panel's own try on {name} refused", f"{name}: it refused the login", 90)
    machines.run("beta", walk.page.locator("#install-line").inner_text())
    walk.press(walk.page.locator('form[action$="/install-key/"]:has-text("try the login on beta")'))
    password = walk.page.locator('form.pwform:has-text("on alpha")')
    password.locator("input[type=password]").fill(PASSWORD)
    walk.press(password)
    walk.until("the panel is in on both", "(?s)the panel is in.*the panel is in", 90)
    walk.picture("enrolled")


def describe(walk: Walk) -> None:
    walk.go("/c/lab-files/draft/preflight/")
    walk.press(walk.page.locator("main form.formend"))
    walk.until("both nodes read", "Disks of beta", 120, instead_of="could not be read")
    walk.picture("preflight")
    walk.go("/c/lab-files/draft/storage/")
    walk.fill(disk_0="/dev/vdb", disk_1="/dev/vdb", kind="lv", size="1600", unit="MiB", first_source="alpha")
    walk.send("size", to="/draft/service/")
    walk.fill(service_ip=SERVICE_IP, nfs_grace="15", nfs_lease="15")
    for number, name in enumerate(PAIR):
        machine = MACHINES[name]
        walk.fill(
            **{f"service_{number}": f"eth1 {machine.lan}", f"replication_{number}": f"eth2 {machine.replication}"}
        )
    walk.send("service_ip", to="/draft/volumes/")
    for name, fstype in (("homes", "ext4"), ("media", "xfs")):
        walk.go("/c/lab-files/draft/volumes/?add=volume")
        walk.fill(name=name, size="320", unit="MiB", fstype=fstype)
        walk.send("fstype")
    for name in ("homes", "media"):
        walk.go("/c/lab-files/draft/volumes/?add=export")
        walk.fill(volume=name, c0__client=NETWORK, c0__squash="no_root_squash")
        walk.send("c0__client")
    walk.go("/c/lab-files/draft/plan/")
    walk.picture("draft")


def approve(walk: Walk, title: str, limit: float, **ceremony: str) -> None:
    """Read the plan, press its one button, and watch the job to its end."""
    walk.until(f"a plan for {title}", "To run it:", 180, instead_of="needs somebody|could not")
    walk.picture(f"plan-{title}")
    walk.fill(**ceremony)
    walk.press(walk.form("/approve/"))
    walk.until(f"{title} done", "succeeded", limit, instead_of="needs somebody")
    walk.picture(f"done-{title}")


def provision(walk: Walk) -> None:
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    approve(walk, "set-up", 1800, reason="first set-up", typed_name="lab-files", password=ADMIN_PASSWORD)
    assert machines.answers("alpha", f"ip -brief address show eth1 | grep --quiet {SERVICE_IP}/")


def writes_on_the_client() -> None:
    """Mount both exports, put files with known checksums on them, and begin to write without end."""
    machines.run("client", "mkdir -p /mnt/homes /mnt/media")
    for name in ("homes", "media"):
        machines.run("client", f"mount -t nfs4 -o vers=4.2,hard {SERVICE_IP}:/srv/{name} /mnt/{name}", timeout=120)
        machines.run("client", f"dd if=/dev/urandom of=/mnt/{name}/data bs=1M count=20 conv=fsync", timeout=180)
    machines.run("client", "cd /mnt && sha256sum homes/data media/data >/root/before", timeout=120)
    script = (Path(__file__).parent / "nfs_writer.py").read_text()
    machines.run("client", f"cat >/root/nfs_writer.py <<'END'\n{script}\nEND")
    machines.run("client", "systemd-run --unit=writer --property=StandardOutput=file:/root/report "
                 "python3 /root/nfs_writer.py /mnt/homes/lines /root/stop")  # fmt: skip


def add_volume_and_export(walk: Walk) -> None:
    """On the running pair, while the client writes."""
    walk.go("/c/lab-files/volumes/new/")
    walk.fill(name="extra", size="100", unit="MiB", fstype="ext4")
    walk.send("fstype", to="/jobs/")
    approve(walk, "volume", 180)
    walk.go("/c/lab-files/exports/new/")
    walk.fill(volume="extra", c0__client=MACHINES["client"].lan, c0__squash="no_root_squash")
    walk.send("c0__client", to="/jobs/")
    approve(walk, "export", 180)
    machines.run("client", f"mkdir -p /mnt/extra && mount -t nfs4 {SERVICE_IP}:/srv/extra /mnt/extra", timeout=60)
    machines.run("client", "cd /mnt && echo kept >extra/word && sha256sum extra/word >>/root/before", timeout=60)


def wait_for_first_copy(walk: Walk) -> None:
    walk.go("/c/lab-files/")
    machines.until("both copies UpToDate", lambda: machines.answers("alpha", BOTH_UP_TO_DATE), 300, 2)
    walk.picture("cluster")


BOTH_UP_TO_DATE = "grep --quiet ds:UpToDate/UpToDate /proc/drbd"


def survive_power_cut(walk: Walk) -> tuple[dict[str, object], str]:
    machines.cut_power("alpha")
    serves = f"ip -brief address show eth1 | grep --quiet {SERVICE_IP}/"
    machines.until("beta serves", lambda: machines.answers("beta", serves), 400, 2)
    lines = int(machines.run("client", "wc -l </mnt/homes/lines", timeout=300))
    machines.until("the client writes on", lambda: _lines() > lines, 120, 2)
    machines.run("client", "touch /root/stop && until [ -s /root/report ]; do sleep 1; done", timeout=120)
    report = json.loads(machines.run("client", "cat /root/report"))
    assert (report["lost"], report["errors"]) == ([], [])
    assert report["acknowledged"] <= report["present"]
    pause = pause_in_history(walk)
    walk.picture("history")
    return report, pause


def pause_in_history(walk: Walk) -> str:
    """The history is a page of record: one looks again, it does not change under one's eyes."""
    entry = walk.page.locator(".fo", has_text="Failover, alpha to beta")

    def told() -> bool:
        walk.go("/c/lab-files/failovers/")
        return entry.count() == 1

    machines.until("the failover in the history", told, 120, 3)
    return entry.locator(".pause b").inner_text()


def _lines() -> int:
    return int(machines.run("client", "wc -l </mnt/homes/lines", timeout=120))


def come_back(walk: Walk) -> None:
    """Power on; the page shows the resync by itself, its bar never past the end, until both copies are equal."""
    walk.go("/c/lab-files/")
    machines.run("beta", "dd if=/dev/urandom of=/srv/media/more bs=1M count=100 conv=fsync", timeout=180)
    machines.start("alpha")
    seen: list[float] = []

    def copied() -> bool:
        bar = walk.page.locator("#resync progress")
        if bar.count():
            seen.append(float(bar.first.get_attribute("value", timeout=5000) or 0))
        return machines.answers("beta", BOTH_UP_TO_DATE)

    machines.until("both copies UpToDate again", copied, 300, 0.2)
    assert seen, "the page never showed the resync"
    assert seen == sorted(seen)
    assert seen[-1] <= 100
    walk.picture("back")


def checksums_agree() -> None:
    machines.run("client", "cd /mnt && sha256sum --check --strict /root/before", timeout=180)
