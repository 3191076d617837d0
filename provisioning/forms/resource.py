"""A larger replicated device: how large the backing volume of each node is to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from clusters.figures import size_text
from clusters.models import Backing, Cluster, Node, Replica
from provisioning.forms.base import PanelForm, SizeMixin, refusal, size_field, unit_field
from provisioning.forms.volume_change import HOW
from provisioning.intents import GrowResource
from provisioning.pages import space

LEAST = 16 * 2**20
SNAPSHOT_ROOM = 10  # a tenth of the backing volume is a good beginning for a snapshot below DRBD


@dataclass(frozen=True, slots=True)
class Side:
    """One node: what DRBD writes to there, and what its local group has beside it. None: not read yet."""

    node: str
    backing: Backing
    size: int | None
    free: int | None
    replica: Replica | None = None  # what DRBD last told of its device there


def sides(cluster: Cluster) -> list[Side]:
    nodes = (
        cluster.nodes.filter(kind=Node.Kind.MEMBER)
        .select_related("backing", "state", "replica")
        .order_by("position", "pk")
    )
    return [
        Side(node.name, node.backing, getattr(getattr(node, "state", None), "local_size", None),
             getattr(getattr(node, "state", None), "local_free", None), getattr(node, "replica", None))
        for node in nodes
    ]  # fmt: skip


class GrowResourceForm(SizeMixin, PanelForm):
    how = forms.ChoiceField(
        label="Grow", choices=HOW, initial="by",
        widget=forms.Select(attrs={"class": "form-select w6", "aria-label": "Grow by or to"}),
    )  # fmt: skip
    size = size_field("Grow", help_text="The backing volume of each node. It cannot be made smaller again.")
    unit = unit_field()

    def __init__(self, data: QueryDict | None = None, *, cluster: Cluster, sides: list[Side], **kwargs: Any) -> None:
        self.cluster, self.sides = cluster, sides
        self.now = max((side.backing.size for side in sides), default=0)
        super().__init__(data, **kwargs)

    @property
    def free(self) -> int | None:
        """What both nodes can give; None while one was not read."""
        known = [side.free - (self.now - side.backing.size) for side in self.sides if side.free is not None]
        return min(known) if len(known) == len(self.sides) else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        typed = self.size_of("size", "unit")
        cleaned["bytes"] = None
        if typed is None:
            return cleaned
        size = space.rounded_up(typed + (self.now if self.text("how") != "to" else 0))
        cleaned["bytes"] = size
        more, free = size - self.now, self.free
        if more < LEAST:
            has = " ".join(space.as_text(self.now))  # exact, beside what was typed
            self.add_error("size", refusal(f"It has {has} now; it must grow by at least {size_text(LEAST)}."))
        elif free is not None and more > free:
            number, unit = space.as_text(free if self.text("how") != "to" else self.now + free)
            message = f"{size_text(more - free)} more than both nodes have free. The most possible is {self.text('how')} {number} {unit}."
            self.add_error("size", refusal(message, f"{number} {unit}" if free >= LEAST else ""))
        return cleaned

    @property
    def little_room(self) -> int | None:
        """What stays free for a snapshot below DRBD, when that is less than a tenth."""
        size = self.cleaned_data.get("bytes") if self.is_bound and not self.errors else None
        if not size or self.free is None:
            return None
        left = self.free - (size - self.now)
        return left if left < size // SNAPSHOT_ROOM else None

    def intent(self) -> GrowResource:
        return GrowResource(self.cluster.slug, int(self.cleaned_data["bytes"]))
