"""What a simulated server answers to who opens an export of it, as nfsd of kernel 6.1 does: see `nfs_look`. Pure over the state."""

from __future__ import annotations

from clusters.export_access import access_of, what_gets
from provisioning.nfs_look import How, Opened
from provisioning.simulator.network_words import server_at
from provisioning.simulator.state import Pair


def opened(pair: Pair, service_ip: str, address: str, path: str) -> Opened:
    server = server_at(pair, service_ip)
    if server is None:
        return Opened(How.UNTOLD, why="No route to host")
    rows = [(client, options.split(",")) for exported, client, options in server.exported if exported == path]
    client = what_gets(address, rows).client
    if not client:
        return Opened(How.ABSENT)
    options = dict(rows)[client]
    numbers = [word.removeprefix("fsid=") for word in options if word.startswith("fsid=")]
    fsid = int(numbers[-1]) if numbers and numbers[-1].isdecimal() else None
    access = access_of(options)
    if "sys" not in access.sec:
        return Opened(How.KERBEROS)
    return Opened(How.PORTS if access.secure else How.OPENS, fsid)
