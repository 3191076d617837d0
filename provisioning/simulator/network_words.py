"""Addresses, and what is seen of a service over the network. Pure; the words are those captured from Debian 12 nodes."""

from __future__ import annotations

import json

from provisioning.simulator.state import Answer, Machine, Pair


def ip_(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if "neighbour" in argv:
        return 0, "[]\n", ""
    if "-brief" in argv:
        held = " ".join(filter(None, (machine.service, machine.service_ip)))
        return (
            0,
            f"lo UNKNOWN 127.0.0.1/8 \neth0 UP {machine.mgmt} \neth1 UP {held} \neth2 UP {machine.replication} \n",
            "",
        )
    rows = [_interface(1, "lo", "00:00:00:00:00:00", ["127.0.0.1/8"], "UNKNOWN")]
    service = [machine.service, *([machine.service_ip] if machine.service_ip else [])]
    number = 1 if machine.name < pair.peer(machine.name).name else 2
    for index, (name, addresses) in enumerate(
        (("eth0", [machine.mgmt]), ("eth1", service), ("eth2", [machine.replication])), start=2
    ):
        rows.append(_interface(index, name, f"52:54:00:77:{index:02x}:{number:02x}", addresses, "UP"))
    return 0, json.dumps(rows) + "\n", ""


def _interface(index: int, name: str, mac: str, addresses: list[str], state: str) -> dict[str, object]:
    info = [
        {"family": "inet", "local": a.split("/")[0], "prefixlen": int(a.split("/")[1]), "scope": "global"}
        for a in addresses
        if a
    ]
    return {
        "ifindex": index,
        "ifname": name,
        "operstate": state,
        "address": mac,
        "link_type": "ether",
        "addr_info": info,
    }


def ping(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    address = argv[-1]
    there = any(address == m.service_ip.split("/")[0] for m in pair.machines.values() if m.power)
    received = 1 if there else 0
    head = f"PING {address} ({address}) 56(84) bytes of data.\n\n--- {address} ping statistics ---\n"
    text = f"{head}1 packets transmitted, {received} received, {100 - 100 * received}% packet loss, time 0ms\n"
    return 1 - received, text, ""


def server_at(pair: Pair, address: str) -> Machine | None:
    """The machine that serves NFS at an address of the service network."""
    return next(
        (m for m in pair.machines.values() if m.power and m.service_ip.split("/")[0] == address and m.nfsd), None
    )


def rpcinfo(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    if argv[1:] == ("-p",):
        return 0, "".join(f"    {line}\n" for line in _registered(machine)), ""
    server, version = server_at(pair, argv[3]), argv[5]
    if server and version in _answered(server):
        return 0, f"program 100003 version {version} ready and waiting\n", ""
    why = "RPC: Program/version mismatch" if server else "RPC: Unable to receive; errno = No route to host"
    return 1, "", f"rpcinfo: {why}\nprogram 100003 version {version} is not available\n"


def _answered(machine: Machine) -> set[str]:
    """The versions the running server answers, minor ones as one."""
    words = set(machine.nfs.get("versions", "+3 +4 +4.1 +4.2").split())
    minor = {"+4.1", "+4.2"} & words or "-4.0" not in words
    return {version for version, on in (("3", "+3" in words), ("4", minor)) if on}


def _registered(machine: Machine) -> list[str]:
    """What the port mapper lists, as far as anybody asks."""
    lines = ["program vers proto   port  service", "100000    4   tcp    111  portmapper"]
    numbers = {"mountd": (100005, 3, "mountd"), "statd": (100024, 1, "status"), "lockd": (100021, 4, "nlockmgr")}
    if machine.nfsd:
        lines += [f"100003    {version}   tcp   2049  nfs" for version in sorted(_answered(machine))]
        if "3" not in _answered(machine):  # mountd goes on in its older versions
            numbers = {"mountd": (100005, 1, "mountd"), "statd": numbers["statd"]}
        for service, (program, version, name) in numbers.items():
            port = machine.nfs.get(f"{service} port", "41221")
            lines.append(f"{program}    {version}   tcp  {port}  {name}")
    return lines


def showmount(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    server = server_at(pair, argv[-1])
    if server is None:
        return 1, "", "clnt_create: RPC: Unable to receive\n"
    clients: dict[str, list[str]] = {}
    for path, client, _ in server.exported:
        clients.setdefault(path, []).append(client)
    return 0, "".join(f"{path} {','.join(names)}\n" for path, names in clients.items()), ""
