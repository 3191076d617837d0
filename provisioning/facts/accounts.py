"""Users and groups by name, from wherever the node's name service has them. Proven with getent of glibc 2.36 (Debian 12)."""

from __future__ import annotations

from provisioning.facts.answers import Answer, lines, number, refuse, stdout
from provisioning.observed import Account

DATABASES = ("passwd", "group")


def getent(database: str, accounts: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give the question about all names of one database at once; () when there is none."""
    names = tuple(dict.fromkeys(name for where, name in accounts if where == database))
    return ("getent", database, "--", *names) if names else ()


def parse(answer: Answer, database: str, names: tuple[str, ...]) -> tuple[Account, ...]:
    """getent ends with 2 where one of the names is unknown. A directory may answer a name in its own spelling: when all are known they
    are told apart by their order.
    """
    found = [_entry(line) for line in lines(stdout(answer, "getent", exits=(0, 2))) if line]
    if answer.exit == 2:
        known = dict(found)
        return tuple(Account(database, name, known.get(name)) for name in names)
    if len(found) != len(names):
        raise refuse(f"getent answered {len(found)} of {len(names)} names")
    return tuple(Account(database, name, one) for name, (_, one) in zip(names, found, strict=True))


def _entry(line: str) -> tuple[str, int]:
    fields = line.split(":")
    if len(fields) < 4:
        raise refuse("not a user or group", line)
    return fields[0], number(fields[2], line)
