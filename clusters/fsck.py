"""What the exit code of a file system check means, as e2fsck(8) and xfs_repair(8) say it. Pure."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    CLEAN = "clean"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"  # it could not be checked


E2FSCK_LEFT = 4  # bit: errors were left uncorrected
E2FSCK_FAILED = 16 | 32 | 128  # bits: it was called wrongly, was cancelled, lacks a library; 8: it broke off
XFS_DAMAGED = 1  # of xfs_repair -n


def verdict(program: str, exit_code: int | None) -> Verdict:
    """Judge a check that only read: `e2fsck -f -n`, `xfs_repair -n`. One that broke off at an error it saw (12 on a torn journal) saw damage."""
    if exit_code == 0:
        return Verdict.CLEAN
    if program == "e2fsck" and exit_code is not None and not exit_code & E2FSCK_FAILED and exit_code & E2FSCK_LEFT:
        return Verdict.DAMAGED
    if program == "xfs_repair" and exit_code == XFS_DAMAGED:
        return Verdict.DAMAGED
    return Verdict.UNKNOWN
