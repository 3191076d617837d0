"""What commands that change something do to a simulated machine, with the exits and words real nodes gave. Pure over the state.

A command that no real node was asked is refused with exit 127, so that a plan cannot grow past what was proven.
"""

from __future__ import annotations

from provisioning.plans.parts import exporting, naming
from provisioning.simulator import (
    answers,
    care_words,
    drbdadm,
    heartbeat_words,
    lvm_changes,
    nfs_words,
    places,
    plain,
    units,
    volume_words,
)
from provisioning.simulator.physics import settle
from provisioning.simulator.state import OK, Answer, Changers, Machine, Pair


def change(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Run one command. A scripted fault of this machine and program answers instead."""
    settle(pair, now)
    faults = (
        f"{machine.name} {argv[0]}",
        f"{machine.name} {'-'.join(argv[:2])}",
    )  # alice systemctl, alice systemctl-restart
    if fault := next((pair.faults[name] for name in faults if name in pair.faults), ""):
        return 5, "", fault + "\n"
    verb = CHANGERS.get(argv[0].rsplit("/", 1)[-1])
    asks = (volume_words.ask, plain.answer, care_words.ask)
    answer = next((found for ask in asks if (found := ask(pair, machine, argv)) is not None), None)
    if answer is None and verb:
        answer = verb(pair, machine, argv, now)
    if answer is None:
        answer = answers.read(pair, machine, argv, now)
    settle(pair, now)
    return (
        answer if answer is not None else (127, "", f"{argv[0]}: this simulation has never seen a real node do this\n")
    )


def _exportfs(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return nfs_words.exportfs(machine, argv)


def _unshare(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    if argv[1] == "--uts" and "rpc.nfsd" in argv[4]:
        return units.nfsd(pair, machine, argv, now)
    apart = len(exporting.APART)
    if argv[:apart] == exporting.APART and argv[apart] in (exporting.TRY, exporting.TRY_MOVED):
        script, _, *words = argv[apart:]
        file, *lines = words if script == exporting.TRY else words[2:]
        return nfs_words.tried(machine, file, lines)
    return None


def _perl(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer | None:
    """The name service always answers here, also that it knows no such name."""
    return OK if argv == naming.ask(*argv[5:]).argv else None


def _nothing(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    return OK


def _fuser(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Nobody works on the volumes themselves, the kernel's NFS server is no process; around a mount point is the system, which every process uses."""
    point = argv[-1]
    if point in machine.mounts:
        return 1, "", ""
    if "--ismountpoint" in argv:
        return 1, "", f"Specified filename {point} is not a mountpoint.\n"
    return 0, " 1 2 3", f"{point}:             rce  rc rc\n"


CHANGERS: Changers = {
    **units.CHANGERS,
    **lvm_changes.CHANGERS,
    **drbdadm.CHANGERS,
    **places.CHANGERS,
    **volume_words.CHANGERS,
    **care_words.CHANGERS,
    **heartbeat_words.CHANGERS,
    "exportfs": _exportfs,
    "unshare": _unshare,
    "perl": _perl,
    "udevadm": _nothing,
    "chown": _nothing,
    "chmod": _nothing,
    "fuser": _fuser,
}
