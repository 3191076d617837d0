"""Options of a mount in place: which can be changed while it is mounted, and how one asks for it. Pure.

Seen on Debian 12 (kernel 6.1, util-linux 2.38): ext4 takes what is listed here at a remount and refuses the rest (`data=journal`, `noacl`); XFS takes
the kernel's own options and inode32/inode64, and passes over everything else without a word, so exit 0 proves nothing there. With the device named,
`mount --options remount` does not add the options the mount had; without it, `relatime` would not take `noatime` back.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.desired import DesiredVolume
from provisioning.render.heartbeat import mount_options

# Option → what takes it back at a remount. The kernel's own options are taken back by leaving them out; atime needs a word.
OF_THE_KERNEL = {
    "noatime": "relatime", "strictatime": "relatime", "nodiratime": "", "lazytime": "", "nodev": "", "nosuid": "", "noexec": "", "sync": "",
}  # fmt: skip
OF_EXT4 = {
    "discard": "nodiscard",
    "commit": "commit=5",
    "errors": "errors=continue",
    "nodelalloc": "delalloc",
    "noauto_da_alloc": "auto_da_alloc",
}
OF_XFS = {"inode32": "inode64"}
# Words that say what holds anyway: nothing to be seen of them, but what they exclude must not be there.
SAY_NOTHING = {
    "defaults": "", "rw": "", "relatime": "noatime", "atime": "noatime", "strictatime": "noatime", "diratime": "nodiratime", "nolazytime": "lazytime",
    "dev": "nodev", "suid": "nosuid", "exec": "noexec", "async": "sync", "nodiscard": "discard", "delalloc": "nodelalloc", "acl": "noacl",
    "user_xattr": "nouser_xattr", "auto_da_alloc": "noauto_da_alloc", "commit=5": "commit=", "errors=continue": "errors=", "inode64": "inode32",
    "dioread_nolock": "dioread_lock", "block_validity": "noblock_validity", "nogrpid": "grpid",
    "inode_readahead_blks=32": "inode_readahead_blks=", "max_batch_time=15000": "max_batch_time=", "min_batch_time=0": "min_batch_time=",
}  # fmt: skip
SHOWN_AS = {"uquota": "usrquota", "gquota": "grpquota", "pquota": "prjquota"}


def taken_back(fstype: str) -> dict[str, str]:
    return OF_THE_KERNEL | (OF_XFS if fstype == "xfs" else OF_EXT4)


def changed(was: DesiredVolume, now: DesiredVolume) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what is added and what is dropped; words that say nothing are neither."""
    before, after = mount_options(was), mount_options(now)
    added = tuple(o for o in after if o not in before and o not in SAY_NOTHING)
    dropped = tuple(o for o in before if o not in after and o not in SAY_NOTHING)
    return added, dropped


def needs_a_fresh_mount(was: DesiredVolume, now: DesiredVolume) -> tuple[str, ...]:
    """Name the changed options that the kernel takes only when the file system is mounted."""
    known = taken_back(was.fstype)
    return tuple(o for o in (*changed(was, now)[0], *changed(was, now)[1]) if _name(o) not in known)


def remount_options(was: DesiredVolume, now: DesiredVolume) -> str:
    """Everything that shall hold, and the words that take back what shall not."""
    known, wanted = taken_back(was.fstype), mount_options(now)
    names = {_name(o) for o in wanted}
    back = [known[_name(o)] for o in changed(was, now)[1] if _name(o) not in names and known.get(_name(o))]
    if not names & {"noatime", "relatime", "strictatime"}:
        back.append("relatime")
    return ",".join(dict.fromkeys(("remount", *(o for o in wanted if o != "defaults"), *back)))


def visible(was: DesiredVolume, now: DesiredVolume) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what must stand in the kernel's table afterwards, and what must not, each with the comma before it."""
    wanted = mount_options(now)
    there = [SHOWN_AS.get(o, o) for o in wanted if o not in SAY_NOTHING]
    away = [SHOWN_AS.get(o, o) for o in changed(was, now)[1] if SHOWN_AS.get(o, o) not in there]
    away += [SAY_NOTHING[o] for o in wanted if SAY_NOTHING.get(o)]
    return tuple(f",{o}" for o in there), tuple(f",{o}" for o in away)


def holds(options: Sequence[str], was: DesiredVolume, now: DesiredVolume) -> bool:
    """Whether a mount with these options is as it shall be."""
    text = f",{','.join(options)}"
    there, away = visible(was, now)
    return all(part in text for part in there) and not any(part in text for part in away)


def _name(option: str) -> str:
    return option.partition("=")[0]
