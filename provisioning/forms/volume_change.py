"""Changes of a volume in service: a larger one, other mount options, another mount point, another name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from clusters.figures import size_text
from clusters.models import Volume
from provisioning.forms.base import PanelForm, SizeMixin, refusal, size_field, unit_field
from provisioning.forms.volume import Room
from provisioning.intents import GrowVolume
from provisioning.pages import space
from provisioning.plans.volume_grow import WHY_NOT

HOW = [("by", "by"), ("to", "to")]


class GrowForm(SizeMixin, PanelForm):
    """How much larger, or how large; both give the size afterwards in bytes."""

    how = forms.ChoiceField(
        label="Grow",
        choices=HOW,
        initial="by",
        widget=forms.Select(attrs={"class": "form-select w6", "aria-label": "Grow by or to"}),
    )
    size = size_field("Grow", help_text="It cannot be made smaller again.")
    unit = unit_field()

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, room: Room, **kwargs: Any) -> None:
        self.volume, self.room = volume, room
        super().__init__(data, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        typed = self.size_of("size", "unit")
        cleaned["bytes"] = None
        if typed is None:
            return cleaned
        size = space.rounded_up(typed + (self.volume.size if self.text("how") != "to" else 0))
        cleaned["bytes"] = size
        self._larger(size)
        return cleaned

    def _larger(self, size: int) -> None:
        more = size - self.volume.size
        has = f"{self.volume} has {' '.join(space.as_text(self.volume.size))} now"  # exact, beside what was typed
        if more < 0:
            self.add_error("size", refusal(f"{has}. {WHY_NOT[self.volume.fstype]}"))
        elif more < space.EXTENT:
            self.add_error("size", refusal(f"{has}; it would stay as large as it is."))
        elif self.room.free is not None and more > self.room.free:
            largest = self.room.free if self.text("how") != "to" else self.volume.size + self.room.free
            number, unit = space.as_text(largest)
            over = size_text(more - self.room.free)
            message = (
                f"{over} more than {self.room.vg} has free. The most possible is {self.text('how')} {number} {unit}."
            )
            self.add_error("size", refusal(message, f"{number} {unit}" if self.room.free >= space.EXTENT else ""))

    @property
    def asked(self) -> int | None:
        """What it would take of the volume group."""
        size = self.cleaned_data.get("bytes") if self.is_bound else None
        return max(0, size - self.volume.size) if size else None

    def intent(self) -> GrowVolume:
        return GrowVolume(self.volume.cluster.slug, self.volume.name, int(self.cleaned_data["bytes"]))
