"""The machines of the lab: start, power cut, cables, snapshots, commands over SSH."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from tests.lab import qmp
from tests.lab.places import EVERY, HERE, IMAGES, KEY, MACHINES, RUN, Machine

CPU = os.environ.get("LAB_CPU", "qemu64")
ACCEL = os.environ.get("LAB_ACCEL", "tcg,thread=multi,tb-size=512")
# An emulator translates code anew for every address it is loaded at, and `rep stosq` word by word: without the last three a fork with an exec
# costs 80 ms of CPU, with them 18.
KERNEL_ARGUMENTS = (
    "root=/dev/vda1 console=ttyS0 quiet net.ifnames=0 mitigations=off nokaslr audit=0 "
    "random.trust_cpu=on tsc=reliable no_timer_check norandmaps clearcpuid=rep_good init_on_alloc=0"
)
SSH_OPTIONS = (
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
    *("-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4"),
)
SPARE = "64M"
PATIENCE = float(os.environ.get("LAB_PATIENCE", "1"))  # multiplies every time limit, for busy machines


class LabError(Exception):
    """A machine of the lab did not do what it should."""


def running(name: str) -> int | None:
    """The process id of a machine that has power, else None."""
    return _alive(RUN / f"{name}.pid")


def _alive(file: Path) -> int | None:
    try:
        pid = int(file.read_text())
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else pid


def until(says: str, condition: Callable[[], object], limit: float, every: float = 0.3) -> float:
    """Ask until the condition holds; the seconds it took. A failure says what was waited for."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit * PATIENCE:
            raise LabError(f"Not within {limit * PATIENCE:.0f} s: {says}")
        time.sleep(every)
    return time.monotonic() - began


def start(*names: str, snapshot: str | None = None, spare: bool = False) -> None:
    """Switch power on, or bring back a snapshot (paused, see `load`). Machines that run are left alone.

    With a spare disk, plugged in before the data disk, which the kernel then calls vdc.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    _ensure_switch()
    for name in names:
        if not running(name):
            log = (RUN / f"{name}.qemu.log").open("w")
            process = subprocess.Popen(
                _qemu(MACHINES[name], snapshot, spare=spare),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            (RUN / f"{name}.pid").write_text(str(process.pid))


def _ensure_switch() -> None:
    with (RUN / "switch.lock").open("w") as lock:  # two starts at once must share one switch
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _alive(RUN / "switch.pid"):
            return
        process = subprocess.Popen(
            [sys.executable, str(HERE / "vswitch.py"), str(RUN), "lan", "repl"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(RUN / "switch.log").open("w"),
            start_new_session=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        (RUN / "switch.pid").write_text(str(process.pid))


def _disk(machine: Machine, kind: str) -> Path:
    path = RUN / f"{machine.name}-{kind}.qcow2"
    if not path.exists():
        base = ("-b", str(IMAGES / "base.qcow2"), "-F", "qcow2", str(path))
        arguments = base if kind == "root" else (str(path), machine.data if kind == "data" else SPARE)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *arguments], check=True)
    return path


def _qemu(machine: Machine, snapshot: str | None, *, spare: bool = False) -> list[str]:
    hosts = ",".join(f"{other.name}:{other.lan}" for other in MACHINES.values())
    append = f"{KERNEL_ARGUMENTS} lab.name={machine.name} lab.lan={machine.lan}/24 lab.hosts={hosts}"
    if machine.replication:
        append += f" lab.repl={machine.replication}/24"
    line = ["qemu-system-x86_64", "-name", machine.name, "-accel", ACCEL, "-M", "pc,usb=off,vmport=off", "-cpu", CPU]
    line += [
        "-no-reboot"
    ]  # a reset in the same process was seen to take hours in the kernel's decompressor; see `reboot`
    line += ["-smp", "1", "-m", str(machine.memory), "-nodefaults", "-no-user-config", "-display", "none"]
    line += ["-serial", f"file:{RUN}/{machine.name}.console"]
    line += ["-qmp", f"unix:{RUN}/{machine.name}.qmp,server=on,wait=off"]
    line += ["-kernel", str(IMAGES / "vmlinuz"), "-initrd", str(IMAGES / "initrd.gz"), "-append", append]
    line += ["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"]
    for kind in ("root", *(["spare"] if spare else []), *(["data"] if machine.data else [])):
        line += ["-drive", f"if=none,id={kind},file={_disk(machine, kind)},cache=unsafe,discard=unmap"]
        line += ["-device", f"virtio-blk-pci,drive={kind},serial={kind}-{machine.name}"]
    cables = [("mgmt", f"user,id=mgmt,restrict=on,hostfwd=tcp:127.0.0.1:{machine.port}-:22")]
    cables += [(n, f"stream,id={n},server=off,addr.type=unix,addr.path={RUN}/{n}.sock") for n in machine.networks]
    index = list(MACHINES).index(machine.name) + 1
    for number, (name, backend) in enumerate(cables):
        card = f"virtio-net-pci,id=nic-{name},netdev={name},mac=52:54:00:77:{number:02x}:{index:02x},romfile="
        line += ["-netdev", backend, "-device", card]
    return [*line, "-loadvm", snapshot, "-S"] if snapshot else line


def ssh_command(name: str, user: str = "root") -> list[str]:
    return [
        *("ssh", "-i", str(KEY), "-p", str(MACHINES[name].port), *SSH_OPTIONS, "-o", "ControlMaster=auto"),
        *("-o", f"ControlPath={RUN}/{name}-{user}.mux", "-o", "ControlPersist=600", f"{user}@127.0.0.1"),
    ]


def run(name: str, command: str, *, timeout: float = 60, check: bool = True) -> str:
    """Run a shell line as root on a machine, behind the panel's back; what it printed."""
    result = _ssh(name, command, timeout)
    if result.returncode == 255:  # the kept connection broke: a busy machine, or one that was switched off
        hang_up(name)
        result = _ssh(name, command, timeout)
    if check and result.returncode:
        raise LabError(f"{name}$ {command}: exit {result.returncode}: {result.stdout[-1000:]}")
    return result.stdout.strip()


def _ssh(name: str, command: str, timeout: float) -> subprocess.CompletedProcess[str]:
    # ssh's kept master holds on to standard error: a pipe there would never end.
    return subprocess.run(
        [*ssh_command(name), "--", f"{{ {command}\n}} 2>&1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=timeout * PATIENCE,
        check=False,
    )


def let_in(name: str, user: str) -> None:
    """Put the lab's key in place for another user than root."""
    home = f"/home/{user}/.ssh"
    run(name, f"install -d -m 700 -o {user} {home} && install -m 600 -o {user} /root/.ssh/authorized_keys {home}/")


def answers(name: str, command: str) -> bool:
    """Whether a shell line succeeds on a machine; a machine that cannot be reached does not answer."""
    if not running(name):
        return False
    try:
        run(name, command, timeout=30)
    except (LabError, subprocess.TimeoutExpired):
        return False
    return True


def wait_ssh(*names: str, limit: float = 240) -> None:
    for name in names:
        until(f"SSH on {name}; see {RUN}/{name}.console", lambda name=name: _reached(name), limit)


def _reached(name: str) -> bool:
    if not running(name):
        raise LabError(f"{name}: QEMU ended: {(RUN / f'{name}.qemu.log').read_text()[-500:]}")
    return answers(name, "true")


def cut_power(*names: str) -> None:
    """Gone at once. `quit` stops the guest between two instructions, but keeps its disk images whole."""
    for name in names:
        if running(name):
            with suppress(OSError):  # it ended before it answered
                qmp.command(RUN / f"{name}.qmp", "quit")
            if not _gone(name, 10):
                os.kill(running(name) or 0, signal.SIGKILL)
                _gone(name, 10)
        hang_up(name)


def _gone(name: str, limit: float) -> bool:
    pid, end = running(name), time.monotonic() + limit
    while running(name) and time.monotonic() < end:
        with suppress(OSError):  # another process started it
            os.waitpid(pid or 0, os.WNOHANG)
        time.sleep(0.05)
    return not running(name)


def hang_up(name: str) -> None:
    """Close the kept SSH connections to a machine."""
    for path in RUN.glob(f"{name}-*.mux"):
        command = ["ssh", "-o", f"ControlPath={path}", "-O", "exit", "127.0.0.1"]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
        path.unlink(missing_ok=True)


def shut_down(*names: str) -> None:
    for name in names:
        if running(name):
            answers(name, "systemctl poweroff")
            hang_up(name)
            if not _gone(name, 120 * PATIENCE):
                cut_power(name)


def reboot(*names: str) -> None:
    """Restart machines in order, all at the same time: each goes down by itself and is switched on again the moment it is down."""
    for name in names:
        answers(name, "systemctl reboot --no-block")
        hang_up(name)
    going, began = set(names), time.monotonic()
    while going:
        if time.monotonic() - began > 300 * PATIENCE:
            raise LabError(f"Not down within {300 * PATIENCE:.0f} s of a reboot: {', '.join(sorted(going))}")
        for name in sorted(going):
            if _gone(name, 0.2):
                start(name)
                going.remove(name)


def cable(name: str, network: str, plugged: bool) -> None:
    qmp.monitor(RUN / f"{name}.qmp", f"set_link nic-{network} {'on' if plugged else 'off'}")


def unplug_disk(name: str) -> None:
    """Make every access to the data disk fail."""
    qmp.command(RUN / f"{name}.qmp", "human-monitor-command", **{"command-line": "drive_del data"})


def grow_disk(name: str, size: int) -> None:
    """Give the data disk more bytes while the machine runs, as a storage array or a hypervisor does."""
    qmp.command(RUN / f"{name}.qmp", "block_resize", device="data", size=size)


def save(snapshot: str, names: Iterable[str]) -> None:
    """Keep memory and disks of several machines, of the same moment."""
    names = list(names)
    for name in names:
        hang_up(name)
        qmp.command(RUN / f"{name}.qmp", "stop")
    try:
        for name in names:
            qmp.monitor(RUN / f"{name}.qmp", f"savevm {snapshot}")
    finally:
        for name in names:
            qmp.command(RUN / f"{name}.qmp", "cont")


def has(snapshot: str, names: Iterable[str]) -> bool:
    """Whether every machine has the snapshot in its disk image."""
    for name in names:
        path = RUN / f"{name}-root.qcow2"
        if not path.exists():
            return False
        listing = subprocess.run(["qemu-img", "snapshot", "-U", "-l", str(path)], capture_output=True, text=True)
        if not any(line.split()[1:2] == [snapshot] for line in listing.stdout.splitlines()):
            return False
    return True


def load(snapshot: str, names: Iterable[str]) -> None:
    """Go back to a snapshot in fresh processes; all are let go at the same moment and their clocks set right."""
    names = list(names)
    cut_power(*names)
    start(*names, snapshot=snapshot)
    for name in names:
        until(f"{name} is loaded", lambda name=name: _loaded(name), 60, 0.1)
    for name in names:
        qmp.command(RUN / f"{name}.qmp", "cont")
    wait_ssh(*names)
    for name in names:
        set_clock(name)


def set_clock(name: str) -> None:
    """Give a machine this host's time. It is sent when the machine is ready to take it: a log-in can take seconds."""
    command = [*ssh_command(name), "--", "echo ready; read now; date --set=@$now"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        process.stdin.write(f"{time.time():.3f}\n".encode())
        process.stdin.close()
        if process.wait(30 * PATIENCE):
            raise LabError(f"{name}: its clock could not be set")


def _loaded(name: str) -> bool:
    if not running(name):
        raise LabError(f"{name}: QEMU ended: {(RUN / f'{name}.qemu.log').read_text()[-500:]}")
    try:
        return qmp.command(RUN / f"{name}.qmp", "query-status") is not None
    except (OSError, ValueError):
        return False


def wipe() -> None:
    """Cut every power, forget every disk and snapshot."""
    cut_power(*EVERY)
    for helper in ("observer", "switch"):
        if pid := _alive(RUN / f"{helper}.pid"):
            os.kill(pid, signal.SIGTERM)
    shutil.rmtree(RUN, ignore_errors=True)
