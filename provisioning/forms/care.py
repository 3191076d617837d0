"""Care for a file system: how it is checked, how it is repaired, when it is trimmed."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict

from clusters.care import DAYS
from clusters.figures import size_text
from clusters.models import TrimSchedule, Volume
from provisioning.forms.base import PanelForm, refusal
from provisioning.forms.volume import Room
from provisioning.intents import CheckVolume, RepairVolume
from provisioning.pages import space

SHARE = 5  # a fifth of the volume is reserved, as far as there is room: what may change while it is checked
LEAST = 16 * 2**20
SNAPSHOT, ITSELF = "snapshot", "itself"
CAREFUL, FORCED = "careful", "forced"
COSTS = {
    "ext4": "Everything (e2fsck -y): what cannot be placed ends in lost+found or is lost",
    "xfs": "Everything (xfs_repair -L): the log is thrown away, and the latest changes with it",
}
SAFELY = {
    "ext4": "Only what loses nothing (e2fsck -p)",
    "xfs": "What can be repaired with its log replayed (xfs_repair)",
}


def reserved(volume: Volume, room: Room) -> int:
    """Give what the snapshot of a check may use; 0 when the group has no room for one. A thin one reserves nothing of its own."""
    if volume.pool:
        return volume.size
    if room.free is not None and room.free < LEAST:
        return 0
    size = max(LEAST, volume.size // SHARE)
    return (size if room.free is None else min(size, room.free)) // space.EXTENT * space.EXTENT


def _choice(form: PanelForm) -> forms.ChoiceField:
    return cast(forms.ChoiceField, form.fields["way"])


class CheckForm(PanelForm):
    way = forms.ChoiceField(label="How", widget=forms.RadioSelect, initial=SNAPSHOT)

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, room: Room, **kwargs: Any) -> None:
        self.volume, self.reserve = volume, reserved(volume, room)
        super().__init__(data, **kwargs)
        field = _choice(self)
        field.choices = [
            (
                SNAPSHOT,
                f"In a snapshot{'' if volume.pool else f' of {size_text(self.reserve or LEAST)}'}: nobody is interrupted",
            ),
            (ITSELF, "The volume itself, unmounted: every client of the pair stands still meanwhile"),
        ]
        if not self.reserve:
            field.initial = ITSELF

    def clean_way(self) -> str:
        way = str(self.cleaned_data["way"])
        if way == SNAPSHOT and not self.reserve:
            raise refusal(f"The volume group has no {size_text(LEAST)} free for a snapshot.", ITSELF)
        return way

    def intent(self) -> CheckVolume:
        room = self.reserve if self.text("way") == SNAPSHOT else 0
        return CheckVolume(self.volume.cluster.slug, self.volume.name, room)


class RepairForm(PanelForm):
    way = forms.ChoiceField(label="What is repaired", widget=forms.RadioSelect, initial=CAREFUL)

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, **kwargs: Any) -> None:
        self.volume = volume
        super().__init__(data, **kwargs)
        _choice(self).choices = [(CAREFUL, SAFELY[volume.fstype]), (FORCED, COSTS[volume.fstype])]

    def intent(self) -> RepairVolume:
        return RepairVolume(self.volume.cluster.slug, self.volume.name, self.text("way") == FORCED)


class TrimForm(PanelForm):
    """When it is trimmed by itself."""

    day = forms.ChoiceField(
        label="When",
        choices=[
            ("", "never"),
            ("0", "every day"),
            *((str(number), f"every {day}") for number, day in enumerate(DAYS, 1)),
        ],
        required=False,
        widget=forms.Select(attrs={"class": "form-select w12"}),
    )
    hour = forms.TypedChoiceField(
        label="At",
        choices=[(hour, f"{hour:02d}:00") for hour in range(24)],
        coerce=int,
        initial=3,
        widget=forms.Select(attrs={"class": "form-select w8"}),
    )

    def values(self) -> dict[str, Any]:
        day = self.text("day")
        return {"enabled": bool(day), "weekday": int(day or 0) or None, "hour": int(self.cleaned_data["hour"])}


def initial_trim(old: TrimSchedule | None) -> dict[str, Any]:
    if old is None:
        return {}
    return {"day": str(old.weekday or 0) if old.enabled else "", "hour": old.hour}
