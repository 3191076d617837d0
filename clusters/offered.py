"""What can be done to a volume or an export, each with the reason when it cannot be done now. Names couple to the other app, modules do not."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.utils import timezone

from clusters import possible
from clusters.models import ClusterState, Export, Volume
from clusters.states import AccessLevel, Inventory

# URL name, title, icon, who may
VOLUME = (
    ("volume-grow", "Grow it", "plus", AccessLevel.OPERATOR),
    ("export-new", "Publish an export", "folder-share", AccessLevel.OPERATOR),
    ("snapshot-new", "Take a snapshot", "camera", AccessLevel.OPERATOR),
    ("snapshot-schedule", "Snapshots by schedule", "clock", AccessLevel.OPERATOR),
    ("volume-quotas", "Quotas", "users", AccessLevel.VIEWER),
    ("volume-check", "Check its file system", "activity", AccessLevel.OPERATOR),
    ("volume-trim", "Trim it", "refresh", AccessLevel.OPERATOR),
    ("volume-edit", "Change options, place or name", "pencil", AccessLevel.OPERATOR),
    ("volume-delete", "Delete it", "trash", AccessLevel.ADMIN),
)  # fmt: skip
EXPORT = (
    ("export-edit", "Change who may mount it", "pencil", AccessLevel.OPERATOR),
    ("export-withdraw", "Withdraw it", "link-off", AccessLevel.OPERATOR),
)
MOVING = {
    Inventory.CREATING: "Not yet: it is not finished.",
    Inventory.REMOVING: "Not any more: it is on its way out.",
    Inventory.FORGOTTEN: "Not any more: the panel has forgotten this cluster.",
}


def on_volume(
    volume: Volume, level: AccessLevel, state: ClusterState | None, url: Callable[..., str]
) -> list[dict[str, str]]:
    """List what is there to be done; `url` gives "" for what this panel does not have."""
    found = []
    for name, title, icon, needs in VOLUME:
        if address := _on_volume(name, volume, url):
            why = _why_not(volume, level, state, needs, name, name == "volume-delete")
            found.append({"title": title, "icon": icon, "why": why, "url": address, "name": name})
    return found


def _on_volume(name: str, volume: Volume, url: Callable[..., str]) -> str:
    """The form of a new export is the pair's, and begins with this volume."""
    if name != "export-new":
        return url(name, volume.cluster.slug, volume.name)
    form = url(name, volume.cluster.slug)
    return f"{form}?{urlencode({'volume': volume.name})}" if form else ""


def on_export(
    export: Export, level: AccessLevel, state: ClusterState | None, url: Callable[..., str]
) -> list[dict[str, str]]:
    """The same for an export."""
    found = []
    for name, title, icon, needs in EXPORT:
        if address := url(name, export.cluster.slug, export.fsid):
            why = _why_not(export, level, state, needs, name, name == "export-withdraw")
            found.append({"title": title, "icon": icon, "why": why, "url": address, "name": name})
    return found


def _why_not(
    row: Volume | Export, level: AccessLevel, state: ClusterState | None, needs: AccessLevel, name: str, goes_on: bool
) -> str:
    if level < needs:
        return f"Needs the access level {needs.name.lower()}; yours is {level.name.lower()}."
    if row.inventory == Inventory.REMOVING and goes_on:
        return possible.why_not(name, state, timezone.now())  # what stopped half way is finished by the same page
    if row.inventory != Inventory.PRESENT:
        return MOVING.get(Inventory(row.inventory), "Not yet: it is a draft.")
    return possible.why_not(name, state, timezone.now())
