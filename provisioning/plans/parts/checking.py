"""The commands that check and repair a file system that nobody has mounted, and the exits with which a job goes on. Pure.

Whatever a check finds, what comes after it must run: the snapshot has to go, the volume has to come back. So every exit that the
manuals name is taken, and what it means is said by `clusters.fsck`.
"""

from __future__ import annotations

from provisioning.steps import Command, cmd

LONGEST = 12 * 3600  # seconds; the volume's size says little about it, its number of files much
E2FSCK_EXITS = tuple(range(16))  # bits: 1 corrected, 2 corrected and reboot, 4 left uncorrected, 8 failed itself
XFS_LOOK_EXITS = (0, 1)  # 1: damage found
XFS_REPAIR_EXITS = (0, 1, 2)  # 1: broke off, 2: its log has to be replayed first


def look(fstype: str, device: str) -> Command:
    """Read all of it, change nothing, answer no to every question."""
    if fstype == "xfs":
        return cmd("xfs_repair", "-n", device, timeout=LONGEST, exits=XFS_LOOK_EXITS)
    return cmd("e2fsck", "-f", "-n", device, timeout=LONGEST, exits=E2FSCK_EXITS)


def repair(fstype: str, device: str, *, forced: bool) -> Command:
    """Repair what can be repaired without a question; `forced` answers yes to all of them, or throws XFS's log away."""
    if fstype == "xfs":
        return cmd("xfs_repair", *(["-L"] if forced else []), device, timeout=LONGEST, exits=XFS_REPAIR_EXITS)
    return cmd("e2fsck", "-f", "-y" if forced else "-p", device, timeout=LONGEST, exits=E2FSCK_EXITS)
