"""Units, packages, kernels. Proven with systemd 252, dpkg 1.21, apt 2.6, kmod 30, findutils 4.9 (Debian 12)."""

from __future__ import annotations

import re

from provisioning.facts.answers import Answer, lines, refuse, stdout
from provisioning.observed import Kernel, Unit

# Services that hold the pair, and those that must not get in its way.
UNITS = (
    "drbd", "heartbeat", "pacemaker", "corosync", "nfs-server", "nfs-blkmap", "nfs-idmapd", "nfsdcld", "rpcbind", "rpc-statd",
    "rpc-svcgssd", "gssproxy", "chrony", "systemd-timesyncd", "ntpsec", "lvm2-monitor", "multipathd", "logd", "ssh",
)  # fmt: skip
SYSTEMCTL = (
    "systemctl", "show", "--property=Id,LoadState,ActiveState,UnitFileState", "--", *(f"{unit}.service" for unit in UNITS)
)  # fmt: skip
BY_ID = "/dev/disk/by-id/"
# Kernels, and by the way the stable names of disks: both are a look into a directory, and a process costs more than that.
KERNELS = (
    "find", "/vmlinuz", "/lib/modules/", BY_ID, "-maxdepth", "7",
    "(", "-type", "l", "(", "-path", "/vmlinuz", "-o", "-path", f"{BY_ID}*", ")",
    "-o", "-name", "modules.dep", "-o", "-name", "drbd.ko", "-o", "-name", "drbd.ko.*", ")",
    "-printf", "%p %l\\n",
)  # fmt: skip
MODINFO = ("modinfo", "--field", "version", "drbd")
DPKG_FORMAT = "--showformat=${Package}\\t${db:Status-Status}\\t${Version}\\n"
UTILS = "drbd-utils"
THIN_TOOLS = "thin-provisioning-tools"

ACTIVE = {"active", "reloading", "refreshing", "inactive", "failed", "activating", "deactivating", "maintenance"}
VERSION = re.compile(r"\d[\w.+-]{0,19}", re.ASCII)
UPSTREAM = re.compile(r"(?:\d{1,9}:)?([\w.+~]{1,20})(?:-[\w.+~-]{0,60})?", re.ASCII)
PARTS = re.compile(r"\d{1,18}|[^\d]{1,200}", re.ASCII)
MODULE = re.compile(r"/lib/modules/([^/]{1,200})/(?:[^/]{1,200}/){0,6}(modules\.dep|drbd\.ko(?:\.\w{1,4})?)")


def units(text: str) -> tuple[Unit, ...]:
    """Read blocks of `Key=value`, one per unit, separated by an empty line. A unit that is not installed reads not-found."""
    found = []
    for block in "\n".join(lines(text)).split("\n\n"):
        keys = dict(line.split("=", 1) for line in block.split("\n") if "=" in line)
        if not keys:
            continue
        name = keys.get("Id", "").removesuffix(".service")
        active, loaded = keys.get("ActiveState"), keys.get("LoadState")
        if not name or active not in ACTIVE or active is None or loaded is None:
            raise refuse("not a unit", block)
        enabled = loaded if loaded in ("not-found", "masked") else keys.get("UnitFileState", "")
        found.append(Unit(name, active, enabled))
    return tuple(found)


def dpkg_query(packages: tuple[str, ...]) -> tuple[str, ...]:
    return ("dpkg-query", "--show", DPKG_FORMAT, "--", *dict.fromkeys((*packages, UTILS, THIN_TOOLS)))


def apt_policy(packages: tuple[str, ...]) -> tuple[str, ...]:
    return ("apt-cache", "policy", "--", *packages)


def installed(answer: Answer) -> dict[str, str]:
    """Give the versions of installed packages. dpkg-query fails with 1 when it knows one of the names not at all."""
    found: dict[str, str] = {}
    for line in lines(stdout(answer, "dpkg-query", exits=(0, 1))):
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) != 3:
            raise refuse("not a package", line)
        if fields[1] == "installed":
            found.setdefault(fields[0], fields[2])
    return found


def candidates(text: str) -> dict[str, str]:
    """Give the version that apt would install of each package it knows."""
    found: dict[str, str] = {}
    package = ""
    for line in lines(text):
        if line and not line[0].isspace() and line.endswith(":"):
            package = line[:-1].partition(":")[0]
        elif line.startswith("  Candidate: ") and package:
            version = line.removeprefix("  Candidate: ").strip()
            if version != "(none)":
                found[package] = version
    return found


def version(text: str) -> str:
    """Give the version of a module as the kernel or modinfo prints it."""
    if not VERSION.fullmatch(text.strip()):
        raise refuse("no version", text.strip())
    return text.strip()


def upstream(version: str) -> str | None:
    """Give the upstream part of a Debian version: 9.22.0 of 9.22.0-1."""
    match = UPSTREAM.fullmatch(version)
    return match[1] if match else None


def kernels(answer: Answer) -> tuple[Kernel, ...]:
    """Read find's list: kernels are the directories with a module list; the default is where /vmlinuz points, else the newest."""
    has_drbd: dict[str, bool] = {}
    default = ""
    for line in lines(stdout(answer, "find", exits=(0, 1))):
        path, _, target = line.partition(" ")
        if path == "/vmlinuz":
            default = target.rpartition("/")[2].removeprefix("vmlinuz-")
        elif path and not path.startswith(BY_ID):
            match = MODULE.fullmatch(path)
            if match is None:
                raise refuse("not a file of a kernel", line)
            has_drbd[match[1]] = has_drbd.get(match[1], False) or match[2] != "modules.dep"
    if default not in has_drbd:
        default = max(has_drbd, key=_natural, default="")
    return tuple(Kernel(each, has_drbd[each], each == default) for each in sorted(has_drbd, key=_natural))


def _natural(version: str) -> list[tuple[int, int, str]]:
    """Order versions as people do: 6.1.0-9 before 6.1.0-56."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in PARTS.findall(version)]
