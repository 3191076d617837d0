"""From two bare servers to a pair in service, as a person does it: through the panel's own pages."""

from __future__ import annotations

import re

from tests.lab import in_service, machines
from tests.lab.panel import Panel
from tests.lab.places import MACHINES, PAIR, PASSWORD, SERVICE_IP
from tests.lab.walk import Stopwatch, Walk

USERS = {"alpha": "sysop", "beta": "root"}  # both ways in: sudo with the key put there by password, root by hand
ADMIN, ADMIN_PASSWORD = "ada", "correct horse battery lab"
NETWORK = "192.168.77.0/24"


def set_up(walk: Walk, panel: Panel, watch: Stopwatch, *, whole_disks: bool = False) -> None:
    """Until the group serves from alpha and both copies are UpToDate."""
    sign_up(walk, panel)
    enrol(walk)
    watch.lap("enrolled both servers")
    describe(walk, whole_disks=whole_disks)
    watch.lap("described the pair")
    provision(walk)
    watch.lap("provisioned the pair")
    walk.go("/c/lab-files/")
    machines.until("both copies UpToDate", lambda: in_service.redundant("alpha"), 300, 2)
    watch.lap("first copy complete")
    walk.picture("cluster")


def sign_in(walk: Walk) -> None:
    walk.go("/sign-in/")
    walk.fill(username=ADMIN, password=ADMIN_PASSWORD)
    walk.send("password")


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


def describe(walk: Walk, *, whole_disks: bool = False) -> None:
    walk.go("/c/lab-files/draft/preflight/")
    walk.press(walk.page.locator("main form.formend"))
    walk.until("both nodes read", "Disks of beta", 120, instead_of="could not be read")
    walk.picture("preflight")
    walk.go("/c/lab-files/draft/storage/")
    walk.fill(disk_0="/dev/vdb", disk_1="/dev/vdb", first_source="alpha", kind="disk" if whole_disks else "lv")
    if not whole_disks:
        walk.fill(size="1600", unit="MiB")
    walk.picture("storage")
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


def planned(walk: Walk, title: str) -> None:
    """Wait for the plan. When a busy node did not take the connection the page says so, and one asks again, as a person would."""
    for _ in range(3):
        walk.until(f"a plan for {title}, or why there is none", "To run it:|needs somebody|could not", 180)
        if "To run it:" in walk.text or not re.search("no SSH connection|no program could be started", walk.text):
            break
        print(f"{title}: the page said {walk.text[60:200]!r}, planned again", flush=True)
        walk.press(walk.form("/again/"), to="/jobs/")
    walk.until(f"a plan for {title}", "To run it:", 180, instead_of="needs somebody|could not")


def approve(walk: Walk, title: str, limit: float, **ceremony: str) -> None:
    """Read the plan, press its one button, and watch the job to its end."""
    give_approval(walk, title, **ceremony)
    walk.until(f"{title} done", "succeeded", limit, instead_of="needs somebody")
    walk.picture(f"done-{title}")


def give_approval(walk: Walk, title: str, **ceremony: str) -> None:
    planned(walk, title)
    walk.picture(f"plan-{title}")
    walk.fill(**ceremony)
    walk.press(walk.form("/approve/"))


def provision(walk: Walk) -> None:
    walk.press(walk.page.locator("main form.ceremony"), to="/jobs/")
    approve(walk, "set-up", 1800, reason="first set-up", typed_name="lab-files", password=ADMIN_PASSWORD)
    assert in_service.serves("alpha")
