"""A new volume, on a running pair or in a draft."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import QueryDict

from clusters import rules
from clusters.figures import size_text
from clusters.models import Cluster, NodeState, Volume
from clusters.pool_health import PoolView
from clusters.states import Inventory
from provisioning.desired import DesiredVolume
from provisioning.forms.base import (
    OneOf,
    PanelForm,
    RuleField,
    SizeMixin,
    choice_widget,
    mode_field,
    owner_field,
    refusal,
    size_field,
    unfinished,
    unit_field,
)
from provisioning.intents import CreateVolume
from provisioning.pages import space


@dataclass(frozen=True, slots=True)
class Room:
    """Space for volumes as far as it is known: total and free bytes of the volume group, and the thin pools in it.

    For a volume that is thin already the group's bytes do not count: then `size` and `free` are None and `pools` has its pool only.
    """

    vg: str
    size: int | None
    free: int | None
    pools: tuple[PoolView, ...] = ()

    @classmethod
    def of(cls, cluster: Cluster, volume: Volume | None = None) -> Room:
        """What the node that has the volume group active last said; `volume` is the one that asks for more."""
        states = NodeState.objects.filter(node__cluster=cluster).exclude(vg_free=None).order_by("-read_at")
        size, free, rows = states.values_list("vg_size", "vg_free", "pools").first() or (None, None, None)
        vg = cluster.resource.vg if hasattr(cluster, "resource") else "the volume group"
        pools = tuple(PoolView(**row) for row in rows or ())
        if volume is not None and volume.pool:
            return cls(vg, None, None, tuple(pool for pool in pools if pool.name == volume.pool))
        return cls(vg, size, free, pools)

    def pool(self, name: str) -> PoolView | None:
        return next((pool for pool in self.pools if pool.name == name), None)


def others(cluster: Cluster) -> list[Volume]:
    """Volumes whose names and places are taken."""
    return list(Volume.objects.filter(cluster=cluster).exclude(inventory=Inventory.FORGOTTEN))


class VolumeForm(SizeMixin, PanelForm):
    name = RuleField(rules.volume_name, label="Name", help_text="Also the name of the mount point.")
    size = size_field("Size", help_text="Can grow later, not shrink.")
    unit = unit_field()
    fstype = OneOf(
        label="File system", choices=[("ext4", "ext4"), ("xfs", "XFS")], initial="ext4", widget=choice_widget()
    )
    pool = forms.ChoiceField(
        label="Kind",
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "The volume group has no thin pool %(value)s."},
    )
    mount_point = RuleField(
        rules.mount_point,
        label="Mounted at",
        required=False,
        css="w30",
        help_text="On both nodes; the one that serves mounts it.",
    )
    mount_options = RuleField(
        rules.mount_options, label="Mount options", required=False, css="w30", help_text="Separated by commas."
    )

    owner = owner_field("Of its root directory, as user or user:group, names or numbers. Empty: root, 0755.")
    mode = mode_field()

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        cluster: Cluster,
        room: Room,
        planned: Collection[DesiredVolume] = (),
        known: Collection[Volume] | None = None,
        lines: Mapping[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take `planned` volumes for there already; `lines` tells of those that stand in the same CSV in which line."""
        self.cluster, self.room, self.planned, self.known, self.lines = cluster, room, planned, known, lines or {}
        super().__init__(data, **kwargs)
        kind = cast(forms.ChoiceField, self.fields["pool"])
        kind.choices = [
            ("", "Thick: all of its room is reserved"),
            *((pool.name, f"Thin, in {pool.name}: takes room as it is written to") for pool in room.pools),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (name := self.text("name")) and not self.text("mount_point") and "mount_point" not in self.errors:
            cleaned["mount_point"] = f"/srv/{name}"
        size = self.size_of("size", "unit")
        cleaned["bytes"] = size
        if size is not None:
            self._fits(size)
        self._is_new(self.text("name"), self.text("mount_point"))
        self._mounts()
        return cleaned

    def _mounts(self) -> None:
        fstype, options = self.text("fstype"), self.text("mount_options")
        if not fstype or not options:
            return
        try:
            rules.mount_options_of(fstype, options)
        except rules.RuleError as refused:
            self.add_error("mount_options", refusal(refused.message, refused.offer))

    def _fits(self, size: int) -> None:
        fstype = self.text("fstype") or "ext4"
        if size < space.SMALLEST[fstype]:
            number, unit = space.as_text(space.SMALLEST[fstype])
            self.add_error("size", refusal(f"{fstype} needs at least {number} {unit}.", f"{number} {unit}"))
        elif self.text("pool"):
            return  # promised, not taken: the plan says beside what
        elif self.room.free is not None and space.rounded_up(size) > self.room.free:
            number, unit = space.as_text(self.room.free)
            offer = f"{number} {unit}" if self.room.free >= space.SMALLEST[fstype] else ""
            over = size_text(space.rounded_up(size) - self.room.free)
            message = f"{over} more than {self.room.vg} has free. The largest possible is {number} {unit}."
            self.add_error("size", refusal(message, offer))

    def _is_new(self, name: str, mount_point: str) -> None:
        if self.room.pool(name):
            self.add_error("name", refusal(f"{self.room.vg} has a thin pool {name}."))
        rows = list(self._others())
        if self.cluster.inventory == Inventory.PRESENT:  # what was dealt with is a draft again, and is taken up
            rows = [v for v in rows if (v.name, v.inventory) != (name, Inventory.DRAFT)]
            waits = name in [each.name for each in self.planned]
            if not waits and (name, Inventory.CREATING) in [(v.name, v.inventory) for v in rows]:
                self.add_error("name", refusal(unfinished(name)))
                return
        others = [(v.name, v.mount_point) for v in rows] + [(v.name, v.mount_point) for v in self.planned]
        for other, other_mount in others:
            line = self.lines.get(other)
            if name and name == other:
                taken = f"{self.cluster.slug} has a volume {name} already."
                self.add_error("name", refusal(f"Line {line} makes a volume {name} already." if line else taken))
            if mount_point and (name != other or not line):
                self._is_apart(mount_point, f"{other} of line {line}" if line else other, other_mount)

    def _is_apart(self, mount_point: str, other: str, other_mount: str) -> None:
        if mount_point == other_mount:
            self.add_error("mount_point", refusal(f"{other} is mounted at {mount_point} already."))
        elif rules.lies_in(mount_point, other_mount) or rules.lies_in(other_mount, mount_point):
            self.add_error("mount_point", refusal(f"It overlaps with {other_mount}, where {other} is mounted."))

    def _others(self) -> Collection[Volume]:
        return others(self.cluster) if self.known is None else self.known

    def volume(self) -> DesiredVolume:
        options = self.text("mount_options")
        return DesiredVolume(
            name=self.text("name"),
            size=space.rounded_up(int(self.cleaned_data["bytes"])),
            fstype=self.text("fstype"),
            mount_point=self.text("mount_point"),
            mount_options=tuple(options.split(",")) if options else (),
            owner=self.text("owner"),
            mode=self.text("mode"),
            pool=self.text("pool"),
        )

    def intent(self) -> CreateVolume:
        return CreateVolume(self.cluster.slug, self.volume())
