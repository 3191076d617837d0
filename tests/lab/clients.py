"""What the NFS client of the lab does: mounts, files with known checksums, and lines written without end."""

from __future__ import annotations

import json
from typing import Any

from tests.lab import machines
from tests.lab.places import HERE, SERVICE_IP

LINES = "/mnt/homes/lines"


def mount() -> None:
    """Mount both exports of the set-up and put a file of 20 MiB on each, their checksums in /root/before."""
    machines.run("client", "mkdir -p /mnt/homes /mnt/media")
    for name in ("homes", "media"):
        machines.run("client", f"mount -t nfs4 -o vers=4.2,hard {SERVICE_IP}:/srv/{name} /mnt/{name}", timeout=120)
        machines.run("client", f"dd if=/dev/urandom of=/mnt/{name}/data bs=1M count=20 conv=fsync", timeout=180)
    machines.run("client", "cd /mnt && sha256sum homes/data media/data >/root/before", timeout=120)


def begin_to_write() -> None:
    """Write numbered lines, each synced, until `stop_writing`."""
    script = (HERE / "nfs_writer.py").read_text()
    machines.run("client", f"cat >/root/nfs_writer.py <<'END'\n{script}\nEND")
    machines.run("client", "rm -f /root/stop /root/report; systemctl reset-failed writer 2>/dev/null; systemd-run --collect --unit=writer "
                 f"--property=StandardOutput=file:/root/report python3 /root/nfs_writer.py {LINES} /root/stop")  # fmt: skip


def writes_on(limit: float = 300) -> None:
    """Wait until the client has its server back and new lines come."""
    before = _lines(limit)
    machines.until("the client writes on", lambda: _lines(limit) > before, 120, 2)


def stop_writing() -> dict[str, Any]:
    """End the writer; nothing that was acknowledged may be missing. Its report: `stalls` are seconds, one per pause."""
    machines.run("client", "touch /root/stop && until [ -s /root/report ]; do sleep 1; done", timeout=120)
    report: dict[str, Any] = json.loads(machines.run("client", "cat /root/report"))
    assert (report["lost"], report["errors"]) == ([], [])
    assert report["acknowledged"] <= report["present"]
    return report


def hold_a_lock(file: str, name: str = "holder") -> None:
    """Start a program of the client that keeps a file open, locked and written to; it says "locked", then each error, in /root/NAME."""
    script = (HERE / "nfs_holder.py").read_text()
    machines.run("client", f"cat >/root/nfs_holder.py <<'END'\n{script}\nEND")
    machines.run("client", f"systemd-run --collect --unit={name} --property=StandardOutput=file:/root/{name} "
                 f"python3 /root/nfs_holder.py {file}")  # fmt: skip
    # A server that has just started gives no new lock before its grace time is over, 90 s at most in these tests.
    machines.until(f"{file} is locked", lambda: machines.answers("client", f"grep --quiet locked /root/{name}"), 150, 1)


def gets_the_lock(name: str, file: str) -> bool:
    """Whether a program on a machine could lock a file now. It waits while an NFS server gives no new locks."""
    attempt = f"import fcntl; fcntl.lockf(open('{file}', 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    said = machines.run(name, f'python3 -c "{attempt}" && echo taken', timeout=200, check=False)
    assert said == "taken" or "BlockingIOError" in said, said
    return said == "taken"


def checksums_agree() -> None:
    machines.run("client", "cd /mnt && sha256sum --check --strict /root/before", timeout=180)


def _lines(limit: float) -> int:
    return int(machines.run("client", f"wc -l <{LINES}", timeout=limit))
