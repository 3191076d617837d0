"""What goes into files and commands is checked once more by the rules of the forms: an inventory may be older than a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clusters import rules
from clusters.findings import Finding, blocker
from provisioning.desired import BackingKind, DesiredCluster, DesiredExport, DesiredVolume

Rule = Callable[[str], str]


def cluster(desired: DesiredCluster) -> Iterator[Finding]:
    yield from _each(
        (rules.slug, desired.name),
        (rules.service_ip, desired.service_ip),
        (rules.resource_name, desired.resource.name),
        (rules.vg_name, desired.resource.vg),
    )
    for node in desired.nodes:
        yield from _each(
            (rules.node_name, node.name),
            (rules.ip, node.replication_address),
            (rules.ip, node.service_address),
            (rules.interface, node.replication_interface),
            (rules.interface, node.service_interface),
            (rules.device, node.backing.disk),
        )
        if node.backing.kind is BackingKind.LV:
            yield from _each((rules.vg_name, node.backing.vg), (rules.lv_name, node.backing.lv))
    for one in desired.volumes:
        yield from volume(one)
    for each in desired.exports:
        yield from export(each)


def volume(wanted: DesiredVolume) -> Iterator[Finding]:
    yield from _each(
        (rules.volume_name, wanted.name),
        (rules.mount_point, wanted.mount_point),
        (rules.mount_options, ",".join(wanted.mount_options)),
    )


def export(wanted: DesiredExport) -> Iterator[Finding]:
    yield from _each((rules.export_path, wanted.path))
    for client in wanted.clients:
        yield from _each((rules.network_client, client.client), (rules.export_options, ",".join(client.options)))


def _each(*values: tuple[Rule, str]) -> Iterator[Finding]:
    for rule, value in values:
        try:
            rule(value)
        except rules.RuleError as refused:
            yield blocker(
                "spelling.refused",
                refused.message,
                hint=refused.offer and f"“{refused.offer}” would be possible." or "Change the draft.",
            )
