"""The options of a mount that the panel knows, per file system: what ext4(5), xfs(5) and mount(8) of Debian 12 (kernel 6.1) take. Pure data.

Only words that can be proven afterwards: the kernel's table shows them, or they say what holds anyway. A word that the kernel refuses would
stand in the service group of both nodes, and the next failover would end at that mount.
"""

from __future__ import annotations

import difflib

_NUMBER = r"\d{1,9}"
# Option → a regular expression of its value; "" takes none.
OF_ALL = dict.fromkeys(
    ("defaults", "rw", "relatime", "atime", "noatime", "strictatime", "diratime", "nodiratime", "lazytime", "nolazytime", "dev", "nodev",
     "suid", "nosuid", "exec", "noexec", "sync", "async", "dirsync", "discard", "nodiscard", "grpid", "usrquota", "grpquota"), ""
)  # fmt: skip
OF_EXT4 = OF_ALL | {
    "acl": "", "noacl": "", "user_xattr": "", "nouser_xattr": "", "nogrpid": "", "delalloc": "", "nodelalloc": "", "auto_da_alloc": "",
    "noauto_da_alloc": "", "block_validity": "", "noblock_validity": "", "dioread_lock": "", "dioread_nolock": "", "noinit_itable": "",
    "commit": _NUMBER, "stripe": _NUMBER, "inode_readahead_blks": _NUMBER, "max_batch_time": _NUMBER, "min_batch_time": _NUMBER,
    "max_dir_size_kb": _NUMBER, "errors": "continue|remount-ro|panic", "data": "journal|ordered|writeback", "data_err": "abort",
}  # fmt: skip
OF_XFS = OF_ALL | {
    "uquota": "", "gquota": "", "pquota": "", "prjquota": "", "inode32": "", "inode64": "", "largeio": "", "swalloc": "", "noalign": "", "nouuid": "",
    "wsync": "", "filestreams": "", "logbufs": "[2-8]", "logbsize": "(16|32|64|128|256)k", "allocsize": r"\d{1,7}k",
}  # fmt: skip
NAMES = {"ext4": ("ext4", OF_EXT4), "xfs": ("XFS", OF_XFS)}


def near(name: str, fstype: str) -> str:
    """Give the option that somebody may have meant, "" when none is near."""
    return next(iter(difflib.get_close_matches(name, sorted(NAMES[fstype][1]), n=1, cutoff=0.75)), "")


def only_of(name: str, fstype: str) -> str:
    """Name another file system that has the option."""
    return next((shown for kind, (shown, known) in NAMES.items() if kind != fstype and name in known), "")
