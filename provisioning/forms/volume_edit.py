"""Other mount options, another mount point, another name for a volume in service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import QueryDict

from clusters import rules
from clusters.models import Cluster, Volume
from clusters.states import Inventory
from provisioning.desired import DesiredVolume
from provisioning.forms.base import PanelForm, RuleField, refusal
from provisioning.intents import EditVolume
from provisioning.render.mounting import changed, needs_a_fresh_mount


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change is to the people whose clients use the volume."""

    kind: str
    text: str
    more: str


class EditForm(PanelForm):
    name = RuleField(rules.volume_name, label="Name", help_text="Of the logical volume. Clients never see it.")
    mount_point = RuleField(
        rules.mount_point, label="Mounted at", css="w30", help_text="Exports below it move with it."
    )
    mount_options = RuleField(
        rules.mount_options, label="Mount options", required=False, css="w30", help_text="Separated by commas."
    )

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, **kwargs: Any) -> None:
        self.volume = volume
        self.cluster: Cluster = volume.cluster
        given = {"name": volume.name, "mount_point": volume.mount_point, "mount_options": volume.mount_options}
        super().__init__(data, initial=given, **kwargs)
        options = self.fields["mount_options"]
        if isinstance(options, RuleField):
            options.rule = partial(rules.mount_options_of, volume.fstype, kept=volume.mount_options.split(","))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for other in self.cluster.volumes.exclude(pk=self.volume.pk).exclude(inventory=Inventory.FORGOTTEN):
            self._not_of(other)
        if not self.errors and self.now() == self.was():
            self.add_error(None, refusal("Nothing would change."))
        elif not self.errors and self._two_at_once():
            fresh = " and ".join(needs_a_fresh_mount(self.was(), self.now()))
            self.add_error(
                "mount_options",
                refusal(f"{fresh} needs a fresh mount: change the options first, then name or mount point."),
            )
        elif (
            not self.errors and self.was().name != self.now().name and self.was().mount_point != self.now().mount_point
        ):
            text = "Change the name first, then the mount point: each is a job of its own and keeps its way back."
            self.add_error("mount_point", refusal(text))
        return cleaned

    def _not_of(self, other: Volume) -> None:
        name, point = self.text("name"), self.text("mount_point")
        if name and name == other.name:
            self.add_error("name", refusal(f"{self.cluster.slug} has a volume {name} already."))
        if not point:
            return
        if point == other.mount_point:
            self.add_error("mount_point", refusal(f"{other} is mounted at {point} already."))
        elif rules.lies_in(point, other.mount_point) or rules.lies_in(other.mount_point, point):
            self.add_error("mount_point", refusal(f"It overlaps with {other.mount_point}, where {other} is mounted."))

    def _two_at_once(self) -> bool:
        was, now = self.was(), self.now()
        return (was.name, was.mount_point) != (now.name, now.mount_point) and bool(needs_a_fresh_mount(was, now))

    def was(self) -> DesiredVolume:
        return _volume(self.volume, self.volume.name, self.volume.mount_point, self.volume.mount_options)

    def now(self) -> DesiredVolume:
        return _volume(self.volume, self.text("name"), self.text("mount_point"), self.text("mount_options"))

    def effects(self) -> list[Effect]:
        """Say who would feel what, while somebody types."""
        if not self.is_bound or self.errors:
            return []
        was, now, found = self.was(), self.now(), []
        if fresh := needs_a_fresh_mount(was, now):
            text = f"{' and '.join(fresh)}: NFS stops for some seconds"
            found.append(
                Effect(
                    "risk",
                    text,
                    "The kernel takes that only at a fresh mount. Clients of every export wait, then go on.",
                )
            )
        elif any(changed(was, now)):
            found.append(Effect("ok", "The options are changed in place", "Nobody feels it."))
        if was.mount_point != now.mount_point:
            more = f"Who has it mounted goes on; a new mount of {was.mount_point} fails from then on."
            found.append(Effect("warn", f"Clients find it at {now.mount_point}", more))
        if was.name != now.name:
            found.append(Effect("ok", f"The logical volume becomes {now.name}", "While it is in use; nobody feels it."))
        return found

    def intent(self) -> EditVolume:
        return EditVolume(self.cluster.slug, self.volume.name, self.now())


def _volume(row: Volume, name: str, point: str, options: str) -> DesiredVolume:
    words = tuple(word for word in options.split(",") if word)
    return DesiredVolume(name, row.size, row.fstype, point, words, pool=row.pool)
