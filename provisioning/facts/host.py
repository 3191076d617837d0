"""Who a node is and what time it has: small files of /proc and /etc, all read without a process of their own.

Proven on Debian 12 (kernel 6.1).
"""

from __future__ import annotations

import re

from provisioning.facts.answers import decimal, lines, refuse

SETTING = re.compile(r"""([A-Z_]{1,40})=(?:"([^"]{0,60})"|'([^']{0,60})'|([^\s"']{0,60}))\s{0,4}""")
LONGEST = 64  # characters the kernel allows in each of its names
IDENTIFIER = re.compile(r"[0-9a-f-]{32,36}")
# The inode of a process's file in /proc is made when it is looked up, so its time is the node's clock at this moment.
NOW = "/proc/self/stat"


def word(text: str) -> str:
    """Give the one word a file of /proc/sys holds."""
    found = text.strip()
    if not found or len(found) > LONGEST or not found.isprintable() or " " in found:
        raise refuse("one word was expected", text.strip())
    return found


def identifier(text: str) -> str:
    """Give a boot id or machine id."""
    found = text.strip()
    if not IDENTIFIER.fullmatch(found):
        raise refuse("no identifier", found)
    return found


def os_release(text: str) -> dict[str, str]:
    """Give the settings of /etc/os-release, lines of another form left out."""
    matches = (SETTING.fullmatch(line.strip()) for line in lines(text))
    return {match[1]: match[2] or match[3] or match[4] or "" for match in matches if match}


def uptime(text: str) -> float:
    first = text.split(maxsplit=1)
    if not first:
        raise refuse("/proc/uptime is empty")
    read = decimal(first[0], text.strip())
    if read < 0:
        raise refuse("a negative uptime", text.strip())
    return read
