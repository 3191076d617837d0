"""Limits and usage of users and groups on one file system, as repquota of the quota tools 4.06 prints them in CSV.

A table for users, then one for groups, each with a head of its own. Blocks are KiB; a grace time is the second at which it ends. How long it is
stands in the head of the report for people only, which is asked for beside it, with numbers for names: no name can look like such a head.
"""

from __future__ import annotations

import re

from provisioning.facts.answers import Answer, Missing, lines, number, refuse, stdout
from provisioning.observed import QuotaGrace, QuotaUse

HEAD = (
    "BlockStatus", "FileStatus", "BlockUsed", "BlockSoftLimit", "BlockHardLimit", "BlockGrace",
    "FileUsed", "FileSoftLimit", "FileHardLimit", "FileGrace",
)  # fmt: skip
KINDS = {"User": "user", "Group": "group"}
MOST = 20_000  # lines
REPORT = re.compile(r"\*\*\* Report for (user|group) quotas on device ")
GRACE = re.compile(r"Block grace time: (\S+); Inode grace time: (\S+)")
LONG = re.compile(r"(?P<days>[0-9]{1,6})days|(?P<hours>[0-9]{2,8}):(?P<minutes>[0-5][0-9])", re.ASCII)


def repquota(mount_point: str) -> tuple[str, ...]:
    return ("repquota", "--user", "--group", "--output=csv", "--raw-grace", "--verbose", "--", mount_point)


def report(mount_point: str) -> tuple[str, ...]:
    return ("repquota", "--user", "--group", "--no-names", "--", mount_point)


def graces(answer: Answer) -> tuple[QuotaGrace, ...] | None:
    """Read the grace times in force; None where `parse` has nothing to tell either."""
    if answer.exit in (1, 2, 127):
        return None
    found, kind = [], ""
    for line in lines(stdout(answer, "repquota")):
        if head := REPORT.match(line):
            kind = head[1]
        elif (told := GRACE.fullmatch(line.strip())) and kind:
            found.append(QuotaGrace(kind, _seconds(told[1], line), _seconds(told[2], line)))
    return tuple(found)


def _seconds(text: str, line: str) -> int:
    """Two days and more are told in days, less in hours and minutes: one day is 24:00."""
    told = LONG.fullmatch(text)
    if told is None:
        raise refuse("not a grace time", line)
    if told["days"]:
        return int(told["days"]) * 86_400
    return int(told["hours"]) * 3600 + int(told["minutes"]) * 60


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
