"""Limits and usage of users and groups on one file system, as repquota of the quota tools 4.06 prints them in CSV.

A table for users, then one for groups, each with a head of its own. Blocks are KiB; a grace time is the second at which it ends.
"""

from __future__ import annotations

from provisioning.facts.answers import Answer, Missing, lines, number, refuse, stdout
from provisioning.observed import QuotaUse

HEAD = (
    "BlockStatus", "FileStatus", "BlockUsed", "BlockSoftLimit", "BlockHardLimit", "BlockGrace",
    "FileUsed", "FileSoftLimit", "FileHardLimit", "FileGrace",
)  # fmt: skip
KINDS = {"User": "user", "Group": "group"}
MOST = 20_000  # lines


def repquota(mount_point: str) -> tuple[str, ...]:
    return ("repquota", "--user", "--group", "--output=csv", "--raw-grace", "--verbose", "--", mount_point)


def tools(answer: Answer) -> bool:
    """Whether the tools are there, whatever they answered."""
    try:
        stdout(answer, "repquota", exits=(0, 1, 2))
    except Missing:
        return False
    return True


def parse(answer: Answer) -> tuple[QuotaUse, ...] | None:
    """Read both tables; None where nothing is mounted or quotas are off, and where the tools are not installed."""
    if answer.exit in (1, 2, 127):
        return None
    found, kind = [], ""
    for count, line in enumerate(lines(stdout(answer, "repquota"))):
        if count > MOST:
            raise refuse("repquota lists too many")
        words = line.split(",")
        if words[0] in KINDS and tuple(words[1:]) == HEAD:
            kind = KINDS[words[0]]
        elif line.strip():
            found.append(_use(kind, line))
    return tuple(found)


def _use(kind: str, line: str) -> QuotaUse:
    """A name may hold a comma, the ten columns behind it never do."""
    who, *columns = line.rsplit(",", len(HEAD))
    if not kind or not who or len(columns) != len(HEAD):
        raise refuse("not a line of repquota", line)
    used, soft, hard, ends, files, files_soft, files_hard, files_end = columns[2:]
    return QuotaUse(
        kind, who.removeprefix("#"), number(used, line) * 1024, number(soft, line) * 1024, number(hard, line) * 1024,
        number(files, line), number(files_soft, line), number(files_hard, line), _moment(ends, line), _moment(files_end, line),
    )  # fmt: skip


def _moment(text: str, line: str) -> int | None:
    """0 and nothing mean that no grace time runs."""
    return (number(text, line) or None) if text else None
