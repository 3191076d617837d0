"""Files the panel manages or must respect: digests, owners and modes; the marks of a split brain; and the node's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioning.facts.answers import Answer, absent, decimal, lines, refuse, stdout
from provisioning.facts.host import NOW
from provisioning.facts.texts import Texts
from provisioning.observed import FileState

MARKS = "/var/lib/storagepanel/marks"
DIGEST = re.compile(r"\\?([0-9a-f]{64}) [ *](/.{0,4096})")
ENTRY = re.compile(r"([a-zA-Z]) ([0-7]{1,5}) (\S{1,80}:\S{1,80}) (-?\d{1,12}(?:\.\d{1,12})?) (/.{0,4096})")


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    mode: str
    owner: str
    changed: float


def find(paths: tuple[str, ...]) -> tuple[str, ...]:
    return ("find", NOW, MARKS, *paths, "-maxdepth", "1", "-printf", "%y %m %u:%g %T@ %p\\n")


def sha256sum(paths: tuple[str, ...]) -> tuple[str, ...]:
    return ("sha256sum", "--", *paths)


def entries(answer: Answer) -> dict[str, Entry]:
    """Read find's list by path. find fails with 1 when a path is absent, which is a fact like any other."""
    found = {}
    for line in lines(stdout(answer, "find", exits=(0, 1))):
        if not line:
            continue
        match = ENTRY.fullmatch(line)
        if match is None:
            raise refuse("not a file", line)
        found[match[5]] = Entry(match[1], match[2].zfill(4), match[3], decimal(match[4], line))
    return found


def now(found: dict[str, Entry]) -> float:
    if NOW not in found:
        raise refuse("the node's clock was not printed")
    return found[NOW].changed


def marks(found: dict[str, Entry]) -> tuple[str, ...]:
    return tuple(sorted(path.removeprefix(f"{MARKS}/") for path in found if path.startswith(f"{MARKS}/")))


def digests(answer: Answer, paths: tuple[str, ...]) -> dict[str, str | None]:
    """Give the digest of each path, None where there is no such file. A file that could not be read is refused."""
    known: dict[str, str | None] = {}
    for line in lines(stdout(answer, "sha256sum", exits=(0, 1))):
        if not line:
            continue
        match = DIGEST.fullmatch(line)
        if match is None:
            raise refuse("not a digest", line)
        known[match[2]] = match[1]
    missing = absent(answer.stderr)
    for path in paths:
        if path not in known and path not in missing:
            raise refuse(f"{path} could not be read", answer.stderr.strip())
    return {path: known.get(path) for path in paths}


def states(digest: dict[str, str | None], found: dict[str, Entry], texts: Texts | None) -> tuple[FileState, ...]:
    """Put together what is known of each file; an empty file has no lines to print, so its text is empty."""
    return tuple(
        FileState(
            path=path,
            sha256=sha256,
            text=None if sha256 is None or texts is None or path not in texts.asked else texts.content.get(path, ""),
            mode=found[path].mode if sha256 is not None and path in found else "",
            owner=found[path].owner if sha256 is not None and path in found else "",
        )
        for path, sha256 in digest.items()
    )
