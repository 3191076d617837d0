"""The keys a node proves itself with: /etc/krb5.keytab, and whose keys it holds. Proven with klist of krb5-user 1.20.1 (Debian 12).

No key leaves the node: klist prints names and version numbers. It is not on every server, and then whose keys there are is not known.
"""

from __future__ import annotations

import re

from provisioning.facts.answers import Answer, Missing, lines, refuse, stdout

KEYTAB = "/etc/krb5.keytab"  # the units of NFS look at this path, whatever krb5.conf says
KLIST = ("klist", "-k", KEYTAB)
HEAD = re.compile(r"Keytab name: .{1,4096}|KVNO Principal|-{4} -{1,200}|")
ROW = re.compile(r" {0,8}\d{1,10} (\S{1,400})", re.ASCII)


def principals(answer: Answer) -> tuple[str, ...] | None:
    """Give each principal once; None where klist is not installed. Without a keytab it fails with 1, and there is none."""
    try:
        text = stdout(answer, "klist")
    except Missing:
        return None
    found: dict[str, None] = {}
    for line in lines(text):
        if match := ROW.fullmatch(line.rstrip()):
            found[match[1]] = None
        elif not HEAD.fullmatch(line):
            raise refuse("not a key", line)
    return tuple(found)
