"""exportfs as nfs-utils 2.6.2 of Debian 12 was seen to work: it stops reading a file at the first word it does not know, and says so with exit 1;
a name that it cannot look up is passed over with exit 0. Pure over the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusters.rules.export_catalogue import BY_WORD
from provisioning.facts import exports_file
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS
from provisioning.simulator.state import Answer, Machine

DEBIAN = (
    "# /etc/exports: the access control list for filesystems which may be exported\n"
    "#\t\tto NFS clients.  See exports(5).\n"
)
UNKNOWN = ("xprtsec", "reexport", "noaccess")  # words of other releases
Table = list[list[str]]  # path, client, options


def take(machine: Machine) -> str:
    """Make the table what the files say; what exportfs complains of."""
    machine.exported, said = read(((path, file.text) for path, file in sorted(machine.files.items()) if _is_read(path)))
    machine.exported = [
        row for row in machine.exported if "mountpoint" not in row[2].split(",") or row[0] in machine.mounts
    ]
    if "/etc/exports" not in machine.files:
        said = "exportfs: can't open /etc/exports for reading\n" + said
    return said


def _is_read(path: str) -> bool:
    return path == "/etc/exports" or (path.startswith("/etc/exports.d/") and path.endswith(".exports"))


def read(files: Iterable[tuple[str, str]]) -> tuple[Table, str]:
    table: Table = []
    said = ""
    for path, text in files:
        for line in exports_file.entries(path, text):
            if unknown := next((word for word in line.options if not _known(word)), ""):
                return table, f'{said}exportfs: {path}:{line.number}: unknown keyword "{unknown}"\n\n'
            if is_gone(line.client):
                said += f"exportfs: Failed to resolve {line.client}\n"
            else:
                table.append([line.path, line.client, ",".join(line.options)])
    return table, said


def is_gone(client: str) -> bool:
    """Whether no name server knows it."""
    return client.endswith(".invalid")


def _known(word: str) -> bool:
    name = word.partition("=")[0]
    return name in BY_WORD and name not in UNKNOWN


def listing(table: Table) -> str:
    """`exportfs -v`: the client of a long path stands on a line of its own."""
    lines = []
    for path, client, options in table:
        name = "<world>" if client == "*" else client
        lines.append(
            f"{path:<14}{chr(10) if len(path) > 14 else ''}\t{chr(9) if len(path) > 14 else ''}{name}({nfs.listed(options.split(','))})\n"
        )
    return "".join(lines)


def exportfs(machine: Machine, argv: tuple[str, ...]) -> Answer:
    if any(word in argv for word in ("-r", "-ra", "-ar", "-a")):
        said = take(machine)
        return (1 if _fails(said) else 0), "", said
    if "-f" in argv:  # the kernel's own memory; the table stays
        return 0, "", ""
    return 0, listing(machine.exported), ""


def tried(machine: Machine, ours: str, lines: Sequence[str]) -> Answer:
    """The trial of `plans.parts.exporting`: the lines in the place of one file, and the other files, on a table that nobody sees."""
    files = {path: file.text for path, file in machine.files.items() if _is_read(path) and path not in (EXPORTS, ours)}
    files[ours] = "".join(f"{line}\n" for line in lines)
    table, said = read(sorted(files.items()))
    if "/etc/exports" not in machine.files:
        said = "exportfs: can't open /etc/exports for reading\n" + said
    if _fails(said):
        return 1, said, ""
    return 0, listing(table) + said, ""


def _fails(said: str) -> bool:
    return any(not line.startswith("exportfs: Failed to resolve") for line in said.splitlines() if line)
