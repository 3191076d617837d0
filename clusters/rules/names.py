"""Names of clusters, nodes, users, volumes, volume groups and DRBD resources."""

from __future__ import annotations

import re
import unicodedata

from clusters.rules.text import RuleError, match, shown

VOLUME_NAME, VOLUME_NAME_LONGEST = r"[a-z][a-z0-9_]*", 32
SNAPSHOT_NAME_LONGEST = 40
LV_RESERVED_START = ("snapshot", "pvmove")
LV_RESERVED_PARTS = (
    "_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_iorig", "_mimage", "_mlog", "_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta",
    "_vdata", "_vorigin", "_wcorig",
)  # fmt: skip
PAGES = ("new",)  # the last part of a form's address, where a volume's name would stand
ACTORS = ("panel", "console", "schedule")  # whom the audit log names when it was no person
# A volume group is a directory below /dev: these names are taken there.
DEV_NAMES = re.compile(
    r"block|bsg|bus|char|console|core|cpu|cpu_dma_latency|disk|dm-\d+|dri|drbd\d*|fd\d*|full|fuse|hpet|hugepages|hwrng|initctl|input|"
    r"kmsg|kvm|log|loop.*|mapper|mcelog|md\d*|mem|mqueue|net|null|nvme.*|nvram|port|ppp|psaux|ptmx|pts|random|rfkill|rtc\d*|"
    r"(s|v|xv|h)d[a-z]+\d*|sg\d+|shm|snapshot|snd|sr\d+|stderr|stdin|stdout|tty.*|uinput|urandom|usb.*|vcs.*|vfio|vga.*|vhost.*|zero"
)


def slug(value: str) -> str:
    """Name a cluster: part of addresses and file names, so letters, digits and single hyphens."""
    says = "a to z, 0 to 9 and single hyphens inside, beginning with a letter"
    return match(value, "The cluster's name", 40, r"[a-z][a-z0-9]*(-[a-z0-9]+)*", says)


def label(value: str) -> str:
    return match(value, "A label", 30, r"[A-Za-z0-9][A-Za-z0-9_.:-]*", "letters, digits and _ . : - only")


def node_name(value: str) -> str:
    """Name a node as `uname --nodename` does. Heartbeat folds names to lower case, and `observer` is a place of the panel's own."""
    if value != value.lower() and value.isascii():
        raise RuleError("The node's name has capital letters, which Heartbeat does not tell apart.", value.lower())
    says = "a to z, 0 to 9, hyphens and dots inside, as uname --nodename prints it"
    match(value, "The node's name", 63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", says)
    if value in ("observer", "localhost") or value.replace(".", "").isdigit():
        raise RuleError(f"A node cannot be called {value}.")
    return value


def lv_name(value: str) -> str:
    """Name a logical volume by LVM's own rule (lvm(8), VALID NAMES)."""
    _lvm_name(value, "The volume's name")
    if value.startswith(LV_RESERVED_START):
        raise RuleError(
            f"“{shown(value)}” is not possible: LVM keeps names that begin with snapshot or pvmove for itself."
        )
    for part in LV_RESERVED_PARTS:
        if part in value:
            raise RuleError(
                f"“{shown(value)}” is not possible: LVM keeps names with {part} for itself.", value.replace(part, "")
            )
    return value


OF_A_CHECK = "storagepanel-check"  # how the panel's own snapshot ends, in which it looks at a file system


def volume_name(value: str) -> str:
    """Name a volume of the panel: stricter than LVM, because it is a directory and a word in other files too."""
    try:
        match(
            value,
            "The volume's name",
            VOLUME_NAME_LONGEST,
            VOLUME_NAME,
            "a to z, 0 to 9 and _, beginning with a letter",
        )
    except RuleError as refused:
        raise RuleError(refused.message, _spelled_as_volume(value)) from None
    return unreserved(value)


def unreserved(value: str) -> str:
    """Refuse the names of a volume that LVM or the panel's own pages keep for themselves."""
    if value in PAGES:
        raise RuleError(
            f"“{value}” is not possible: the form for a new volume stands at this address.", f"{value}_files"
        )
    return lv_name(value)


def snapshot_name(value: str) -> str:
    """Name a snapshot: the end of a logical volume's name, of a directory and of a page's address."""
    says = "a to z, 0 to 9 and - . _, beginning with a letter or a digit"
    match(value, "The snapshot's name", SNAPSHOT_NAME_LONGEST, r"[a-z0-9][a-z0-9_.-]*", says)
    if value in ("new", "schedule"):
        raise RuleError(f"“{value}” is not possible: a page of the panel stands at this address.", f"{value}-1")
    if value == OF_A_CHECK:
        raise RuleError(f"“{value}” is not possible: the snapshot of a check is called so, and removed.", f"{value}-1")
    lv_name(f"x-{value}")
    return value


def _spelled_as_volume(value: str) -> str:
    """Offer "Shop Assets" as shop_assets and "Büro" as buro; nothing when a letter would be lost, or no such name is left of it."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
    if not letters.isascii():
        return ""
    name = re.sub(r"[^a-z0-9]+", "_", letters.lower()).strip("_")
    if len(name) > VOLUME_NAME_LONGEST or not re.fullmatch(VOLUME_NAME, name):
        return ""
    try:
        return unreserved(name)
    except RuleError as refused:
        return refused.offer


def vg_name(value: str) -> str:
    _lvm_name(value, "The volume group's name")
    if DEV_NAMES.fullmatch(value):
        raise RuleError(f"“{shown(value)}” is not possible: /dev/{value} is something else.", f"vg_{value}")
    return value


def _lvm_name(value: str, what: str) -> None:
    match(
        value, what, 127, r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]*", "letters, digits and + _ . - only, and no hyphen in front"
    )
    if value in (".", ".."):
        raise RuleError(f"{what} cannot be “{value}”.")


def resource_name(value: str) -> str:
    says = "letters, digits, _ and -, beginning with a letter"
    if value in ("all", "none"):
        raise RuleError(f"DRBD gives “{value}” a meaning of its own.")
    return match(value, "The resource's name", 32, r"[A-Za-z][A-Za-z0-9_-]*", says)


def interface(value: str) -> str:
    says = "letters, digits and . _ - only, as ip link prints it"
    if value in (".", "..", "lo"):
        raise RuleError(f"{value} is not a network interface to serve on.")
    return match(value, "The interface", 15, r"[A-Za-z0-9_][A-Za-z0-9._-]*", says)


def person_name(value: str) -> str:
    """Name a person: the last part of their page's address (so not . or ..), and in the audit log nobody else's."""
    says = "letters, digits and _ . @ + - only, beginning with a letter, a digit or _"
    match(value, "The name", 150, r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*", says)
    if value.lower() in ACTORS:
        raise RuleError(f"“{value}” is not possible: the audit log calls the panel itself so.")
    return value


def ssh_user(value: str) -> str:
    return match(
        value, "The user's name", 32, r"[a-z_][a-z0-9_-]*", "a to z, 0 to 9, _ and -, not beginning with a digit"
    )
