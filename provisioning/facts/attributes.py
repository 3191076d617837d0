"""Which directories are immutable. Proven with e2fsprogs 1.47 (Debian 12): `----i---------e------- /srv/homes`."""

from __future__ import annotations

import re

from provisioning.facts.answers import Answer, lines, refuse, stdout

LINE = re.compile(r"([a-zA-Z-]{10,40}) (/.{0,4096})")


def lsattr(paths: tuple[str, ...]) -> tuple[str, ...]:
    return ("lsattr", "-d", "--", *paths)


def immutable(answer: Answer) -> tuple[str, ...]:
    """Give the immutable ones of the directories that were asked for. lsattr fails with 1 when one is absent, which is a fact too."""
    found = []
    for line in lines(stdout(answer, "lsattr", exits=(0, 1))):
        if not line:
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise refuse("not an attribute", line)
        if "i" in match[1]:
            found.append(match[2])
    return tuple(found)
