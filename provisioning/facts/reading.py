"""A reading: one question to a node under a name the parsers know it by."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.steps import Command


@dataclass(frozen=True, slots=True)
class Reading:
    name: str
    command: Command


@dataclass(frozen=True, slots=True)
class Asked:
    """What one change asks of the nodes beyond what every plan asks: whether directories are empty, how large a file system is."""

    directories: tuple[str, ...] = ()  # that a volume is or will be mounted over
    fstype: str = ""  # with `device` and `mount_point`: the file system whose size is asked for
    device: str = ""
    mount_point: str = ""
    quotas: str = ""  # mount point of the file system whose limits and usage are asked for
    discards: bool = False  # which devices take discards
    kerberos: bool = False  # whether there is a keytab, and whose keys are in it
    accounts: tuple[tuple[str, str], ...] = ()  # passwd or group, and a name that is looked up there


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask beyond what is always asked. `secret_files` are hashed, their text is never fetched."""

    node: str
    files: tuple[str, ...] = ()
    secret_files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    service_ip: str | None = None
    service_interface: str | None = None
    mount_points: tuple[str, ...] = ()
    asked: Asked = Asked()
