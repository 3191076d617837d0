"""Mount points, exported directories and disks. haresources has no quoting, so a path holds neither blanks nor colons."""

from __future__ import annotations

import re

from clusters.rules.text import RuleError, plain, shown

# Nobody mounts a volume over these, nor below the ones in SYSTEM.
TOPS = frozenset({"/", "/home", "/media", "/mnt", "/opt", "/srv", "/var"})
SYSTEM = (  # places, not files that anybody opens: S108 does not apply
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/proc", "/root", "/run", "/sbin", "/sys",
    "/tmp", "/usr", "/var/cache", "/var/lib", "/var/lock", "/var/log", "/var/run", "/var/spool", "/var/tmp",  # noqa: S108
)  # fmt: skip


def _path(value: str, what: str, longest: int) -> str:
    plain(value, what, longest)
    if not value.startswith("/"):
        raise RuleError(f"{what} must begin with a slash.", f"/{value}" if re.fullmatch(r"[a-z0-9_/]+", value) else "")
    if not re.fullmatch(r"[A-Za-z0-9/_.+@=-]*", value):
        odd = next(char for char in value if not re.fullmatch(r"[A-Za-z0-9/_.+@=-]", char))
        raise RuleError(
            f"{what} contains “{odd}”; letters, digits and _ . + @ = - are possible (haresources cannot quote)."
        )
    parts = value.split("/")[1:]
    if "." in parts or ".." in parts:
        raise RuleError(f"{what} goes through . or .., write where it really is.")
    clean = "/" + "/".join(part for part in parts if part)
    if clean != value:
        raise RuleError(f"{what} has a slash too many.", clean)
    return value


def mount_point(value: str) -> str:
    """Say where a volume is mounted on both nodes. haresources has no quoting, so neither blanks nor colons."""
    _path(value, "The mount point", 200)
    if value in TOPS:
        raise RuleError(f"A volume cannot be mounted over {value} itself; choose a directory in it.")
    if value.startswith(tuple(f"{place}/" for place in SYSTEM)) or value in SYSTEM:
        raise RuleError(f"{shown(value)} belongs to the system; /srv, /export or /data are good places.")
    return value


def export_path(value: str) -> str:
    _path(value, "The directory", 300)
    if value in TOPS:
        raise RuleError(f"{value} as a whole is not exported; choose a volume or a directory in it.")
    return value


def lies_in(path: str, mount: str) -> bool:
    return path == mount or path.startswith(f"{mount}/")


def device(value: str) -> str:
    _path(value, "The disk", 200)
    if not value.startswith("/dev/") or value == "/dev/":
        raise RuleError("A disk is named by its path below /dev.")
    return value
