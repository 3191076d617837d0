"""What becomes of the locks of NFS clients when an NFS server starts, as real nodes and a Linux client were seen to do. Pure."""

from __future__ import annotations

import re

from provisioning.render.paths import NFSD, NFSDCLD
from provisioning.simulator.state import Client, File, Machine, Pair

STORE = re.compile(r"^storagedir=(\S+)", re.MULTILINE)
NAME = re.compile(r"^ExecStart=.* 'hostname (\S+) ", re.MULTILINE)


def settings(machine: Machine) -> str:
    return "".join(f.text for path, f in sorted(machine.files.items()) if path.startswith("/etc/nfs.conf.d/"))


def keeper_started(machine: Machine) -> None:
    """Start nfsdcld: it reads where its list is at this moment and never again."""
    match = STORE.search(settings(machine))
    machine.keeps = match[1] if match else ""
    if machine.keeps:
        machine.files.setdefault(f"{machine.keeps}/main.sqlite", File("SQLite format 3\n", "0644"))


def started(pair: Pair, machine: Machine) -> None:
    """Start nfsdcld with the NFS server, unless it runs already; clients then claim what they held from it."""
    keeper = machine.units.setdefault("nfsdcld", ["inactive", "static", "loaded"])
    if keeper[0] != "active":
        keeper[0] = "active"
        keeper_started(machine)
    drop_in = machine.files.get(NFSD)
    match = NAME.search(drop_in.text) if drop_in else None
    now = [machine.name, machine.keeps or f"{machine.name}'s own", match[1] if match else machine.name]
    for client in pair.clients:
        if pair.nfs_server and _loses(client, pair.nfs_server, now):
            client.locks = 0
    pair.nfs_server = now


def stopped(machine: Machine) -> None:
    """Stop nfsdcld with the NFS server, when it is part of it."""
    drop_in = machine.files.get(NFSDCLD)
    if drop_in and "PartOf=nfs-server.service" in drop_in.text:
        machine.units["nfsdcld"][0] = "inactive"


def _loses(client: Client, before: list[str], now: list[str]) -> bool:
    """Version 3 is known to statd of that machine, version 4 to whoever has the list; from 4.1 on the server must also go by the same name."""
    known = {"3": slice(0, 1), "4.0": slice(1, 2)}.get(client.version, slice(1, 3))
    return before[known] != now[known]
