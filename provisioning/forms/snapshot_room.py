"""The room of snapshots in a form: what fits beside what other schedules will take, and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.utils import timezone

from clusters.figures import size_text, span_text
from clusters.models import Volume
from clusters.rules import RuleError
from clusters.rules import size as bytes_of
from clusters.snapshot_room import Promised, promised, schedules_of, written_lately
from provisioning.forms.base import SizeMixin, refusal
from provisioning.forms.volume import Room
from provisioning.pages import space
from provisioning.plans.parts.snapshots import LITTLE

SHARE = 5  # a fifth of the volume is offered: how much of it may change before the snapshot is full
LEAST = 4 * 2**20
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class RoomTold:
    """What is said below the size: of the volume group first, then of the time it lasts."""

    says: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()


def suggested(volume: Volume, room: Room, times: int = 1, but: Volume | None = None) -> tuple[str, str]:
    """Offer a fifth of the volume, as far as the group has room for so many beside what schedules (`but` one volume's) will take."""
    size = volume.size // SHARE
    if room.free is not None:
        spare = room.free - sum(one.size for one in promised(volume.cluster, but))
        size = min(size, (spare if spare >= LEAST * times else room.free) // max(1, times))
    return space.as_text(max(LEAST, size // space.EXTENT * space.EXTENT))


class RoomMixin(SizeMixin):
    """How much is reserved for a snapshot, within what the volume group has."""

    volume: Volume
    room: Room

    @property
    def times(self) -> int:
        return 1

    @property
    def held(self) -> int:
        """What those hold that go when these come."""
        return 0

    @property
    def lasting(self) -> timedelta:
        """How long one should last at least."""
        return timedelta(days=1)

    @cached_property
    def promised(self) -> list[Promised]:
        """What schedules will still take of the group."""
        return promised(self.volume.cluster)

    def kept_free(self, size: int) -> int:
        """How much must be left for others when each has this size."""
        return 0

    def drop_size(self) -> None:
        """A thin snapshot reserves nothing, so nothing is asked."""
        if self.volume.pool:
            del self.fields["size"], self.fields["unit"]

    def reserved(self) -> int | None:
        """Give the bytes of one; as many as are kept must fit in what is free and `held`, less what is kept free for others."""
        if self.volume.pool:
            return self.volume.size  # what it may take of the pool at most
        typed = self.size_of("size", "unit")
        if typed is None:
            return None
        size = space.rounded_up(typed)
        most = space.rounded_up(self.volume.size + self.volume.size // 100 + LEAST)
        if size > most:
            number, unit = space.as_text(most)
            self.add_error("size", refusal("More than the whole volume can change is never used.", f"{number} {unit}"))
        elif self.room.free is not None:
            others = self.kept_free(size)
            if size * self.times > (free := self.room.free + self.held - others):
                self._too_large(max(0, free), others)
        return size

    def _too_large(self, free: int, others: int) -> None:
        fits = free // self.times // space.EXTENT * space.EXTENT
        number, unit = space.as_text(fits)
        each = f" for each of {self.times} snapshots" if self.times > 1 else ""
        whose = f", beside the {size_text(others)} that {schedules_of(self.promised)} will take" if others else ""
        self.add_error(
            "size",
            refusal(f"That is more than {self.room.vg} has free{each}{whose}.", f"{number} {unit}" if fits >= LEAST else ""),
        )  # fmt: skip

    @property
    def each(self) -> int | None:
        """The bytes of one, as typed or as offered."""
        if self.is_bound:
            return self.cleaned_data.get("bytes")
        try:
            return space.rounded_up(bytes_of(f"{self.initial.get('size', '')} {self.initial.get('unit', '')}"))
        except RuleError:
            return None

    @property
    def asked(self) -> int | None:
        """What the volume group gives for all of them beside what it has given."""
        if self.volume.pool or not self.is_bound:
            return self.cleaned_data.get("bytes") if self.is_bound else None
        return None if self.each is None else max(0, self.each * self.times - self.held)

    def told(self) -> RoomTold:
        if self.volume.pool or not self.each or "size" in self.errors:
            return RoomTold()
        said = (self._group(self.each), self._lasts(self.each))
        says, warns = ([text for warn, text in said if text and warn is kind] for kind in (False, True))
        return RoomTold(tuple(says), tuple(warns))

    def _group(self, each: int) -> tuple[bool, str]:
        if self.room.free is None or (left := self.room.free + self.held - each * self.times) < 0:
            return False, ""
        leaves = f"All {self.times} together leave" if self.times > 1 else "It leaves"
        text = f"{leaves} {size_text(left)} of {self.room.vg}."
        if not self.promised:
            return False, text
        others, need = schedules_of(self.promised), sum(one.size for one in self.promised)
        if need <= left:
            return False, f"{text} Of that, {others} will take {size_text(need)}."
        return (
            True,
            f"{text} That is too little for {others}: {size_text(need)} more will be needed, and then no more are taken.",
        )

    def _lasts(self, each: int) -> tuple[bool, str]:
        """Say when it is full. What is written twice to one place is kept once, so the count of bytes says the soonest."""
        if each >= self.volume.size:
            return False, ""
        rate = written_lately(self.volume, timezone.now())
        if rate is None:
            share = f"less than {100 // LITTLE} % of {self.volume}, and how much is written to it is not known yet"
            return True, f"That is {share}: it may be full, and lost, soon." if each * LITTLE < self.volume.size else ""
        if rate * YEAR.total_seconds() < each:
            return False, "At today's rate it is not full within a year."
        lasts = each / rate
        text = f"At today's rate, {size_text(rate * 3600)} written in an hour, it is full after about {span_text(lasts)}, and then lost."
        if lasts >= self.lasting.total_seconds():
            return False, text
        return True, f"{text} {self.too_short()}"

    def too_short(self) -> str:
        return "Give it more room."
