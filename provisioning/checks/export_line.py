"""Findings about one export by itself: its clients, their options, and the pair's other exports beside it (rows 7, 21). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clusters.export_access import ClientKind, access_of, by_name, kind_of, network_of, overlaps, spelled
from clusters.export_rights import singled_out
from clusters.findings import Finding, blocker, fine, warning
from clusters.rules.export_catalogue import RISKY
from provisioning.desired import DesiredCluster, DesiredExport, DesiredVolume
from provisioning.render import nfs


def below(path: str, top: str) -> bool:
    return path.startswith(f"{top.rstrip('/')}/")


def listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def line_itself(desired: DesiredCluster, export: DesiredExport, volume: DesiredVolume) -> Iterator[Finding]:
    """Judge the line by itself and beside the pair's other exports; `desired` holds those without it."""
    if not export.clients:
        yield blocker(
            "export.no-client", f"{export.path} has no client.", hint="Withdraw it, so that nobody may mount it."
        )
    if export.path != volume.mount_point and not below(export.path, volume.mount_point):
        yield blocker("export.outside", f"{export.path} is not on {volume.name}, which is mounted at {volume.mount_point}.",
                      hint="Only what is on a replicated volume moves with the service.")  # fmt: skip
    yield from _fsid(desired, export)
    names = [spelled(client.client) for client in export.clients]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield blocker(
            "export.client-twice", f"{name} is given twice.", hint="NFS takes the first and ignores the second."
        )
    yield from too_long(desired, export)
    yield from _other_family(desired, export)
    entries = [(client.client, client.options) for client in export.clients]
    for sentence in singled_out(entries):
        yield fine("export.singled-out", sentence)
    for sentence in overlaps(entries):
        yield warning("export.overlap", sentence, hint="Put the smaller network first, or give both the same options.")
    for other in desired.exports:
        if below(export.path, other.path) or below(other.path, export.path):
            inner, outer = sorted((export.path, other.path), key=len, reverse=True)
            yield warning(
                "export.nested", f"{inner} lies within {outer}, which is exported, too.",
                hint=f"Whoever may mount {outer} reaches {inner} with the options of {outer}.",
            )  # fmt: skip
    yield from _state(desired, export)
    yield from _risks(export)


def _state(desired: DesiredCluster, export: DesiredExport) -> Iterator[Finding]:
    """What the NFS server keeps of its clients lies on a volume (row 8)."""
    kept = nfs.state_directory(desired)
    if kept and (export.path == kept or below(export.path, kept)):
        yield blocker(
            "nfs.state-directory", f"{kept} is where the NFS server keeps what clients hold.", hint="Export another directory.", hazard=8
        )  # fmt: skip
    elif kept and export.volume == desired.nfs.state_volume:
        yield warning(
            "nfs.state-exported", f"{export.volume} keeps what NFS clients hold: who is root there may read what others hold, "
            "who fills it stops the NFS server.", hint="Export a directory of another volume.", hazard=8,
        )  # fmt: skip


def _fsid(desired: DesiredCluster, export: DesiredExport) -> Iterator[Finding]:
    taken = next((other for other in desired.exports if other.fsid == export.fsid), None)
    if taken is not None or export.fsid < 1:
        yield blocker("export.fsid-taken", f"fsid {export.fsid} {f'belongs to {taken.path}' if taken else 'is not possible'}.",
                      hint="The panel gives a free one; draft the export again.", hazard=7)  # fmt: skip
    else:
        yield fine("export.fsid-free", f"No other export has fsid {export.fsid}", hazard=7)


def too_long(desired: DesiredCluster, export: DesiredExport) -> Iterator[Finding]:
    for client in export.clients:
        held = nfs.held(client.client, nfs.options_of(desired, export, client))
        if held > nfs.MOST:
            yield blocker(
                "export.too-long", f"{client.client} with its options takes {held} characters in NFS' table, which reads {nfs.MOST}.",
                hint="NFS would serve neither it nor any export below it. Take a shorter name or fewer options.",
            )  # fmt: skip


def unreached(desired: DesiredCluster, clients: Iterable[str]) -> list[str]:
    """Give those that cannot come in: the service IP is reached with addresses of its own kind only."""
    served = network_of(desired.service_ip)
    if served is None:
        return []
    return [client for client in clients if (network := network_of(client)) and network.version != served.version]


def _other_family(desired: DesiredCluster, export: DesiredExport) -> Iterator[Finding]:
    served = network_of(desired.service_ip)
    others = unreached(desired, [client.client for client in export.clients])
    if others and served is not None:
        kinds = {4: "IPv4", 6: "IPv6"}
        yield warning(
            "export.other-family",
            f"{listed(others)} {'is' if len(others) == 1 else 'are'} {kinds[10 - served.version]}, and the service IP {desired.service_ip} "
            f"is {kinds[served.version]}: nobody with such an address reaches it.",
            hint=f"Name the {kinds[served.version]} addresses of these clients.",
        )  # fmt: skip


def _risks(export: DesiredExport) -> Iterator[Finding]:
    if risky := [client for client in export.clients if "no_root_squash" in client.options]:
        yield warning("export.no-root-squash", f"root of a client is root on {export.path}.", hazard=21,
                      hint=f"Leave no_root_squash out unless {listed([client.client for client in risky])} needs it.")  # fmt: skip
    for word, risk in RISKY.items():
        clients = [client.client for client in export.clients if word in client.options and word != "no_root_squash"]
        if clients:
            yield warning(
                f"export.risk-{word.replace('_', '-')}",
                f"{word} for {listed(clients)}: {risk}.",
                hint="Leave it out unless a client needs it.",
            )
    if any(
        kind_of(client.client) is ClientKind.EVERYBODY and access_of(client.options).write for client in export.clients
    ):
        yield warning(
            "export.everybody",
            f"Everybody who reaches the service IP may write to {export.path}.",
            hint="Name the networks that need it.",
        )
    if named := [client.client for client in export.clients if by_name(client.client)]:
        yield warning(
            "export.by-name", f"{listed(named)} {'is a name' if len(named) == 1 else 'are names'}: the server looks up every client's name.",
            hint="While no name server answers, mounts on this pair stand still. Addresses and networks need none.",
        )  # fmt: skip
