"""Snapshots of a volume: take one, open one for restoring files, keep them by schedule."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Sum
from django.http import QueryDict
from django.utils import timezone

from clusters import rules
from clusters.export_access import of_all, spelled, strictest
from clusters.figures import span_text
from clusters.models import ExportClient, Snapshot, SnapshotSchedule, Volume
from clusters.retention import Keeps, next_run
from clusters.snapshot_room import Promised, promised
from provisioning.desired import DesiredSnapshot
from provisioning.forms.base import (
    PanelForm,
    RuleField,
    choice_widget,
    number_field,
    refusal,
    size_field,
    unit_field,
)
from provisioning.forms.snapshot_room import RoomMixin, RoomTold, suggested
from provisioning.forms.volume import Room
from provisioning.intents import CreateSnapshot, OpenSnapshot
from provisioning.pages import space
from provisioning.plans.parts import words
from provisioning.scheduled import keeps, no_longer_kept, zone
from provisioning.snapshot import EXISTING

SECURITY = [
    ("sys", "by address (sec=sys)"),
    ("krb5", "Kerberos"),
    ("krb5i", "Kerberos, signed"),
    ("krb5p", "Kerberos, encrypted"),
]
ROOM = "For what changes in the volume after it. When that is full, the snapshot is lost; the volume is not harmed."


class TakeForm(RoomMixin, PanelForm):
    name = RuleField(rules.snapshot_name, label="Name", help_text="Also the last part of the path where it is opened.")
    size = size_field("Room", help_text=ROOM)
    unit = unit_field()

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, room: Room, **kwargs: Any) -> None:
        self.volume, self.room = volume, room
        super().__init__(data, **kwargs)
        self.drop_size()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["bytes"] = self.reserved()
        name = self.text("name")
        if name and Snapshot.objects.filter(volume=self.volume, name=name).exists():
            self.add_error("name", refusal(f"{self.volume} has a snapshot {name} already."))
        return cleaned

    def intent(self) -> CreateSnapshot:
        name = self.text("name")
        wanted = DesiredSnapshot(
            self.volume.name, name, f"{self.volume.name}-{name}", int(self.cleaned_data["bytes"])
        )  # fmt: skip
        return CreateSnapshot(self.volume.cluster.slug, wanted)


def clients_of(value: str) -> str:
    """Several clients, separated by blanks or commas, each by the rule for one."""
    if "(" in value or ")" in value:
        raise rules.RuleError(
            "Put only names and addresses here; they get it read-only.",
            " ".join(re.sub(r"\([^()]*\)", " ", value).split()),
        )
    found = [rules.network_client(word) for word in value.replace(",", " ").split()]
    names = [spelled(client) for client in found]
    if twice := next((client for client in found if names.count(spelled(client)) > 1), ""):
        raise rules.RuleError(f"{twice} stands here twice.")
    joined = " ".join(found)
    if len(joined) > 1000:
        raise rules.RuleError("These are too many clients for restoring files; name a network.")
    return joined


def asked_of(volume: Volume) -> tuple[str, bool]:
    """What the clients of the volume's exports must prove at least, by the strictest of them ("" when it is not exported), and whether by all."""
    clients = ExportClient.objects.filter(export__volume=volume, export__inventory__in=EXISTING)
    all_of_them = [options.split(",") for options in clients.values_list("options", flat=True)]
    found = strictest(all_of_them)
    return "" if not all_of_them else found if found in dict(SECURITY) else "sys", of_all(all_of_them)


class OpenForm(PanelForm):
    clients = RuleField(
        clients_of,
        label="Who may mount it",
        css="w30",
        help_text="Addresses, networks or host names, separated by blanks. They can read and never write.",
    )
    security = forms.ChoiceField(
        label="Who they are is proved", choices=SECURITY, required=False, widget=choice_widget("w30")
    )
    as_root = forms.BooleanField(label="root of these clients may read every file (no_root_squash)", required=False)

    def __init__(self, data: QueryDict | None = None, *, snapshot: Snapshot, fsid: int, **kwargs: Any) -> None:
        self.snapshot, self.fsid = snapshot, fsid
        self.asked, by_all = asked_of(snapshot.volume)
        begins = snapshot.sec or "sys" if snapshot.fsid else self.asked or "sys"
        kwargs["initial"] = {"security": begins} | kwargs.get("initial", {})
        super().__init__(data, **kwargs)
        to = "" if by_all else " to some of its clients, and to others with less"
        self.fields["security"].help_text = (
            f"{snapshot.volume.name} is exported with sec={self.asked}{to}." if self.asked else ""
        )

    def intent(self) -> OpenSnapshot:
        row = self.snapshot
        wanted = DesiredSnapshot(
            row.volume.name, row.name, row.lv, row.size, self.fsid, tuple(self.text("clients").split()),
            bool(self.cleaned_data.get("as_root")), scheduled=row.schedule_id is not None,
            sec="" if (sec := self.text("security")) == "sys" else sec,
        )  # fmt: skip
        return OpenSnapshot(row.volume.cluster.slug, wanted)


class ScheduleForm(RoomMixin, PanelForm):
    """How many are kept; the finest kind that is kept says how often one is taken."""

    enabled = forms.BooleanField(label="Take snapshots by schedule", required=False, initial=True)
    hourly = number_field("Hourly", 0, 48, initial=0, help_text="One of each of the latest hours. 0: none.")
    daily = number_field("Daily", 0, 60, initial=7, help_text="The first of each of the latest days.")
    weekly = number_field("Weekly", 0, 52, initial=4, help_text="The first of each of the latest weeks.")
    size = size_field("Room for each", help_text=ROOM)
    unit = unit_field()
    let_go = forms.BooleanField(label="Let them go", required=False)

    def __init__(
        self, data: QueryDict | None = None, *, volume: Volume, room: Room, old: SnapshotSchedule | None, **kwargs: Any
    ) -> None:
        self.volume, self.room, self.old = volume, room, old
        super().__init__(data, **kwargs)
        self.drop_size()
        if old is None:
            del self.fields["let_go"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        on = cleaned.get("enabled") or self.volume.pool
        cleaned["bytes"] = self.reserved() if on else self.size_of("size", "unit")
        if cleaned.get("enabled") and not self.errors and not self.keeps().most:
            self.add_error("daily", refusal("Nothing would be kept.", "7"))
        going = self.going()
        if len(going) > 1 and not cleaned.get("let_go"):
            text = f"The next run removes {len(going)} of those that exist: {words.listed(going)}."
            self.add_error("let_go", refusal(f"{text} Tick this if that is meant."))
        return cleaned

    def going(self) -> tuple[str, ...]:
        """Name those that exist and go at the next run with these numbers. One more of each kind is one less of the old, so one always may."""
        kept = self.keeps()
        if self.old is None or not self.cleaned_data.get("enabled") or not kept.most:
            return ()
        changed = SnapshotSchedule(pk=self.old.pk, hourly=kept.hourly, daily=kept.daily, weekly=kept.weekly)
        return no_longer_kept(changed, next_run(timezone.now(), kept, zone()))

    @property
    def times(self) -> int:
        return max(1, self.keeps().most)

    @cached_property
    def held(self) -> int:
        """What those that the schedule has taken hold: it is given back as they go."""
        taken = Snapshot.objects.filter(schedule=self.old) if self.old else Snapshot.objects.none()
        return taken.aggregate(total=Sum("size"))["total"] or 0

    @cached_property
    def promised(self) -> list[Promised]:
        return promised(self.volume.cluster, but=self.volume)

    def kept_free(self, size: int) -> int:
        """What the schedules of other volumes will take; one that asks for no more than before is not refused for them."""
        before = self.old.size * keeps(self.old).most if self.old and self.old.enabled else 0
        return 0 if size * self.times <= before else sum(one.size for one in self.promised)

    @property
    def lasting(self) -> timedelta:
        """How old the oldest of them becomes."""
        kept = self.keeps()
        return max(timedelta(hours=kept.hourly), timedelta(days=kept.daily), timedelta(weeks=kept.weekly))

    def too_short(self) -> str:
        return f"The oldest is kept for {span_text(self.lasting.total_seconds())}: give each more room, or keep them for less time."

    def told(self) -> RoomTold:
        on = self.cleaned_data.get("enabled") if self.is_bound else self.old is None or self.old.enabled
        return super().told() if on else RoomTold()

    def keeps(self) -> Keeps:
        names = ("hourly", "daily", "weekly")
        counts = (
            self.cleaned_data
            if self.is_bound
            else {name: self.get_initial_for_field(self.fields[name], name) for name in names}
        )
        return Keeps(*(int(counts.get(name) or 0) for name in names))

    def values(self, due: datetime) -> dict[str, Any]:
        kept = self.keeps()
        return {
            "hourly": kept.hourly, "daily": kept.daily or (0 if kept.most else 1), "weekly": kept.weekly,
            "size": int(self.cleaned_data["bytes"]), "enabled": bool(self.cleaned_data["enabled"]), "due": due,
        }  # fmt: skip


def initial_schedule(old: SnapshotSchedule | None, volume: Volume, room: Room) -> dict[str, Any]:
    if old is None:
        number, unit = suggested(volume, room, times=11, but=volume)
        return {"size": number, "unit": unit}
    number, unit = space.as_text(old.size)
    kept = {name: getattr(old, name) for name in ("enabled", "hourly", "daily", "weekly")}
    return kept | {"size": number, "unit": unit}
