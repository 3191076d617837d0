"""Many small files of a node in one process: grep prints each line with the name of its file, so no content can pass for another file.

A final newline is not told, and sockets with a peer are not fetched (a busy server has thousands of them).
"""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.facts.answers import Answer, refuse, stdout

LINES = 5000  # per file
# Every state but listening (0A) and that of a UDP socket without a peer, which is 07 and which no TCP socket in the table has.
SOCKET_IN_USE = "^ *[0-9]+: [0-9A-F]{8,32}:[0-9A-F]{4} [0-9A-F]{8,32}:[0-9A-F]{4} (0[1-689B-F]|1[0-9A-F]) "
GREP = (
    "grep", "--text", "--with-filename", "--no-messages", "--extended-regexp", "--invert-match",
    f"--max-count={LINES}", f"--regexp={SOCKET_IN_USE}", "--",
)  # fmt: skip

HOSTNAME = "/proc/sys/kernel/hostname"
RELEASE = "/proc/sys/kernel/osrelease"
MACHINE = "/proc/sys/kernel/arch"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
UPTIME = "/proc/uptime"
PROC_DRBD = "/proc/drbd"
MODULE_VERSION = "/sys/module/drbd/version"
TCP = "/proc/net/tcp"
TCP6 = "/proc/net/tcp6"
UDP = "/proc/net/udp"
UDP6 = "/proc/net/udp6"
MOUNTS = "/proc/self/mounts"
MOUNTINFO = "/proc/self/mountinfo"  # the same with device numbers, without the options as mount(8) spells them
DISKSTATS = "/proc/diskstats"
NFSD_THREADS = "/proc/fs/nfsd/threads"
NFSD_VERSIONS = "/proc/fs/nfsd/versions"
NFSD_GRACE = "/proc/fs/nfsd/nfsv4gracetime"
NFSD_LEASE = "/proc/fs/nfsd/nfsv4leasetime"
ETAB = "/var/lib/nfs/etab"
OS_RELEASE = "/etc/os-release"
MACHINE_ID = "/etc/machine-id"
FSTAB = "/etc/fstab"

SWEEP = (
    HOSTNAME,
    RELEASE,
    BOOT_ID,
    UPTIME,
    PROC_DRBD,
    MODULE_VERSION,
    MOUNTS,
    MOUNTINFO,
    DISKSTATS,
    NFSD_THREADS,
    ETAB,
    OS_RELEASE,
    MACHINE_ID,
)
FULL = (*SWEEP, MACHINE, TCP, TCP6, UDP, UDP6, FSTAB, NFSD_VERSIONS, NFSD_GRACE, NFSD_LEASE)


@dataclass(frozen=True, slots=True)
class Texts:
    """What the files hold, by path."""

    asked: frozenset[str]
    content: dict[str, str]

    def get(self, path: str) -> str | None:
        """Give the text of a file, None when there is no such file (or it may not be read, or is empty)."""
        if path not in self.asked:
            raise refuse(f"{path} was not asked for")
        return self.content.get(path)

    def must(self, path: str) -> str:
        text = self.get(path)
        if text is None:
            raise refuse(f"{path} is missing or empty")
        return text


def parse(answer: Answer, asked: tuple[str, ...]) -> Texts:
    """Sort the lines by their file. grep exits with 2 as soon as one file is absent, which is no failure here."""
    text = stdout(answer, "grep", exits=(0, 1, 2))
    gathered: dict[str, list[str]] = {path: [] for path in asked}
    for line in text.removesuffix("\n").split("\n") if text else ():
        path, colon, content = line.partition(":")
        if not colon or path not in gathered:
            raise refuse("a line of no file", line)
        gathered[path].append(content)
    if long := next((path for path, each in gathered.items() if len(each) >= LINES), None):
        raise refuse(f"{long} is too long")
    return Texts(frozenset(asked), {path: "\n".join(each) + "\n" for path, each in gathered.items() if each})
