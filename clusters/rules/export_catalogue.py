"""Every option of exports(5): what it does in one sentence, what it risks, and what it cannot stand beside. Pure data.

As nfs-utils 2.6.2 (Debian 12) knows them. That program stops reading its file at the first word it does not know, and every export below
that line is gone: a word it refuses must never reach the file, so what is not here is not written.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    word: str
    help: str
    risk: str = ""
    against: tuple[str, ...] = ()  # excluded by these; said once, holds both ways
    value: str = ""  # a regular expression; "" takes none
    looks: str = ""  # how a value looks, for people
    refused: str = ""  # why the panel does not write it

    @property
    def normal(self) -> bool:
        """Whether exportfs takes it as given when nothing is said."""
        return self.word in NORMAL


ID = r"\d{1,9}"
FLAVOURS = r"(sys|krb5|krb5i|krb5p|none)"
NORMAL = frozenset({
    "ro", "sync", "wdelay", "hide", "nocrossmnt", "secure", "root_squash", "no_all_squash", "no_subtree_check", "secure_locks", "auth_nlm",
    "acl", "no_pnfs",
})  # fmt: skip

CATALOGUE: tuple[Option, ...] = (
    Option("rw", "The client may read and write.", against=("ro",)),
    Option("ro", "The client may only read; whatever would change something is refused."),
    Option("sync", "A write is answered when it is on disk: on both nodes' disks, as DRBD is set up here.", against=("async",)),
    Option(
        "async", "A write is answered before it is on disk, which is faster.",
        risk="what a client believes written is lost in a failover, and its files may be damaged",
    ),
    Option("wdelay", "A write waits a moment for others that belong to it.", against=("no_wdelay",)),
    Option("no_wdelay", "Writes are not gathered: better for many small, unrelated ones. No effect with async."),
    Option("secure", "Only requests from ports below 1024 are taken, which only root of a client can use.", against=("insecure",)),
    Option(
        "insecure", "Requests from any port are taken, as some clients (macOS, user-space ones) need.",
        risk="any program on a client can speak NFS for itself and claim to be any user but root",
    ),
    Option("root_squash", "root of a client is nobody here.", against=("no_root_squash",)),
    Option("no_root_squash", "root of a client is root here.", risk="whoever is root on a client may read, change and delete every file"),
    Option("all_squash", "Every user of a client is nobody here, or who anonuid and anongid say.", against=("no_all_squash",)),
    Option("no_all_squash", "Users keep their numbers."),
    Option("anonuid", "The user that squashed ones become; 65534 (nobody) otherwise.", value=ID, looks="anonuid=1000"),
    Option("anongid", "The group that squashed ones become; 65534 (nogroup) otherwise.", value=ID, looks="anongid=1000"),
    Option("no_subtree_check", "Only the file system of a file is looked at, not the directory it lies in.", against=("subtree_check",)),
    Option(
        "subtree_check", "Each request is checked to lie below the exported directory.",
        risk="a file that is renamed while it is open becomes stale for its client",
    ),
    Option("hide", "A file system mounted below is not seen by NFSv3 clients.", against=("nohide",)),
    Option(
        "nohide", "A file system mounted below is seen by NFSv3 clients; it must be exported itself. NFSv4 always sees it.",
        risk="two files may have one inode number for the client; works for single hosts only",
    ),
    Option("nocrossmnt", "Only what is exported itself is seen below.", against=("crossmnt",)),
    Option(
        "crossmnt", "Whatever is mounted below is exported with it.",
        risk="nothing mounted below can be kept from these clients, and it has no fixed fsid: its mounts go stale at a failover",
    ),
    Option("secure_locks", "NFSv3 locks need read access to the file.", against=("insecure_locks", "no_auth_nlm")),
    Option("auth_nlm", "The same as secure_locks.", against=("insecure_locks", "no_auth_nlm")),
    Option("insecure_locks", "NFSv3 locks are given without looking at who asks.", risk="any client can lock any file"),
    Option("no_auth_nlm", "The same as insecure_locks.", risk="any client can lock any file"),
    Option("acl", "NFSv3 clients see access control lists.", against=("no_acl",)),
    Option("no_acl", "Access control lists are masked to mode bits for NFSv3 clients."),
    Option("nordirplus", "NFSv3 clients list directories without the attributes: slower, for clients that stumble over them."),
    Option(
        "security_label", "NFSv4.2 clients see and set security labels (SELinux); only on the root of a volume.",
        risk="a client with another policy sets labels that mean something else here",
    ),
    Option("sec", "How a client proves who its users are, the preferred one first: sys by number, krb5, krb5i signed, krb5p encrypted.",
           value=rf"{FLAVOURS}(:{FLAVOURS})*", looks="sec=krb5p:krb5i"),
    Option("no_pnfs", "Clients read and write through this server.", against=("pnfs",)),
    Option("pnfs", "NFSv4.1 clients may read and write on the disks directly.",
           refused="the disks are DRBD's, and no client may reach them past it"),
    Option("fsid", "The number that names the file system in every client's handles.", refused="the panel gives it and never changes it"),
    Option("mountpoint", "Exported only while the volume is mounted.", refused="the panel sets it on every export"),
    Option("mp", "The same as mountpoint.", refused="the panel sets it on every export"),
    Option("refer", "Clients are sent to another server.", refused="the data is here; a pair has one address that moves with it"),
    Option("replicas", "Clients are told of other servers with the same data.",
           refused="the other copy is on the standby node and cannot be mounted"),
    Option("xprtsec", "NFS inside TLS.", refused="it needs nfs-utils 2.6.3 and Linux 6.4; Debian 12's does not know it and drops every line below"),
    Option("reexport", "For NFS servers that export what they mount by NFS.", refused="a replicated volume is no NFS mount"),
    Option("noaccess", "", refused="NFS servers of Linux do not have it; export the directory to nobody instead"),
)  # fmt: skip
BY_WORD = {option.word: option for option in CATALOGUE}
TAKEN = tuple(option for option in CATALOGUE if not option.refused)
RISKY = {option.word: option.risk for option in TAKEN if option.risk}
EXCLUSIVE = tuple((option.word, other) for option in TAKEN for other in option.against)
