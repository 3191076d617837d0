"""The times after which a node counts as dead: in the set-up and on a running pair."""

from __future__ import annotations

from typing import Any

from provisioning.desired import HeartbeatSettings
from provisioning.forms.base import PanelForm, number_field, refusal

SHORT = 8  # seconds


class TimesForm(PanelForm):
    keepalive = number_field("Keepalive", 1, 60)
    warntime = number_field("Warn after", 1, 600)
    deadtime = number_field("Dead after", 2, 600)
    initdead = number_field("Dead after a start", 4, 3600)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_times(self)
        return cleaned

    def settings(self, was: HeartbeatSettings) -> HeartbeatSettings:
        value = self.cleaned_data
        return HeartbeatSettings(
            value["keepalive"], value["warntime"], value["deadtime"], value["initdead"], was.udpport
        )

    @property
    def short(self) -> bool:
        return too_short(self)


def check_times(form: PanelForm) -> None:
    order = [("keepalive", 1), ("warntime", 1), ("deadtime", 1), ("initdead", 2)]
    for (name, _), (later, factor) in zip(order, order[1:], strict=False):
        low, high = form.cleaned_data.get(name), form.cleaned_data.get(later)
        if low is None or high is None:
            continue
        if factor > 1 and high < factor * low:
            form.add_error(
                later,
                refusal(f"At least twice “{form.fields[name].label}”: networks come up slowly.", str(factor * low)),
            )
        elif factor == 1 and high <= low:
            form.add_error(later, refusal(f"Must be longer than “{form.fields[name].label}” ({low} s)."))


def too_short(form: PanelForm) -> bool:
    """A node that is only busy may count as dead."""
    deadtime = form.cleaned_data.get("deadtime") if form.is_bound else None
    return bool(deadtime and deadtime < SHORT)
