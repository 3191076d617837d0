"""An export that is in service: its path, volume and fsid stay, its clients are rows as in the form of a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import QueryDict

from clusters.models import Export
from provisioning.desired import DesiredExport, ExportClient
from provisioning.forms.base import PanelForm
from provisioning.intents import EditExport
from provisioning.snapshot import export_of


class ExportEditForm(PanelForm):
    """No fields of its own: everything that may change is in the rows of clients."""

    def __init__(self, data: QueryDict | None = None, *, export: Export, checking: bool = False) -> None:
        self.cluster, self.fsid, self.row = export.cluster, export.fsid, export
        self.known = export_of(export)
        self.volumes = {export.volume.name: export.volume}
        super().__init__(data, checking=checking)

    def path(self) -> str:
        return self.known.path

    def export(self, clients: Sequence[ExportClient]) -> DesiredExport:
        return replace(self.known, clients=tuple(clients))

    def intent(self, clients: Sequence[ExportClient]) -> EditExport:
        return EditExport(self.cluster.slug, self.export(clients))


def options_there(clients: Sequence[ExportClient]) -> frozenset[str]:
    """Words that stand on the line already: one that no rule knows is somebody's, and stays."""
    return frozenset(option for client in clients for option in client.options)
