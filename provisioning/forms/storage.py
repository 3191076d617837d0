"""Disks, DRBD resource, volume group and the direction of the first sync."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from clusters import rules
from provisioning.forms.base import PanelForm, RuleField, SizeMixin, refusal, size_field, unit_field
from provisioning.pages import space
from provisioning.pages.disks import DiskChoice

KINDS = [("lv", "A logical volume on it"), ("disk", "The whole disk or partition")]


class StorageForm(SizeMixin, PanelForm):
    """One disk on each node. `disks` lists each node's choices, in the order of the nodes."""

    kind = forms.ChoiceField(label="Below DRBD", choices=KINDS, initial="lv", widget=forms.RadioSelect)
    local_vg = RuleField(
        rules.vg_name, label="Local volume group", required=False, help_text="On each node, for itself alone."
    )
    local_lv = RuleField(rules.lv_name, label="Backing volume", required=False)
    size = size_field("Size of the backing volume", required=False)
    unit = unit_field()
    resource = RuleField(rules.resource_name, label="DRBD resource")
    vg = RuleField(rules.vg_name, label="Volume group on DRBD", help_text="What the pair's volumes are made in.")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        names: Sequence[str],
        disks: Sequence[Sequence[DiskChoice]],
        **kwargs: Any,
    ) -> None:
        self.names, self.disks = list(names), [list(choices) for choices in disks]
        super().__init__(data, **kwargs)
        for name in ("local_vg", "local_lv", "size"):
            self.fields[name].needed = True  # type: ignore[attr-defined]  # with a logical volume; shown only then
        for number, choices in enumerate(self.disks):
            paths = [(choice.path, choice.path) for choice in choices]
            messages = {
                "required": f"Choose a disk on {self.names[number]}.",
                "invalid_choice": "This disk is not there any more.",
            }
            self.fields[f"disk_{number}"] = forms.ChoiceField(
                label=f"Disk on {self.names[number]}", choices=paths, widget=forms.RadioSelect, error_messages=messages
            )
        self.fields["first_source"] = forms.ChoiceField(
            label="First copy", choices=[(name, name) for name in self.names], widget=forms.RadioSelect,
            error_messages={"required": "Choose whose disk is copied to the other."},
        )  # fmt: skip

    def chosen(self, number: int) -> DiskChoice | None:
        path = self.text(f"disk_{number}")
        return next((choice for choice in self.disks[number] if choice.path == path), None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for number in range(len(self.disks)):
            if (disk := self.chosen(number)) and disk.refused:
                self.add_error(f"disk_{number}", refusal(f"{disk.path} on {self.names[number]} {disk.refused}."))
        if self.text("kind") == "lv":
            self._clean_lv()
        return cleaned

    def _clean_lv(self) -> None:
        for name, label in (("local_vg", "local volume group"), ("local_lv", "backing volume"), ("size", "size")):
            if not self.text(name) and name not in self.errors:
                self.add_error(name, refusal(f"The {label} is missing."))
        if self.text("local_vg") and self.text("local_vg") == self.text("vg"):
            self.add_error(
                "vg",
                refusal(
                    "The local volume group has this name; the one on DRBD needs another.", f"{self.text('vg')}_data"
                ),
            )
        size = self.size_of("size", "unit")
        chosen = [disk for number in range(len(self.disks)) if (disk := self.chosen(number))]
        if size is None or not chosen:
            return
        largest = space.largest_lv(min(disk.size for disk in chosen))
        size = space.rounded_up(size)
        if size > largest:
            number, unit = space.as_text(largest)
            best, best_unit = space.as_text(space.recommended_lv(min(disk.size for disk in chosen)))
            message = f"The smaller disk has room for {number} {unit}; {best} {best_unit} leave a fifth for a snapshot."
            self.add_error("size", refusal(message, f"{best} {best_unit}"))
        self.cleaned_data["bytes"] = size

    def backing_size(self) -> int:
        """What DRBD gets on each node: the smaller side decides."""
        if self.text("kind") == "lv":
            return int(self.cleaned_data["bytes"])
        return min(disk.size for number in range(len(self.disks)) if (disk := self.chosen(number)))
