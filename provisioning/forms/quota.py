"""Limits of a user or a group on a volume, and how long any of them may be above a soft limit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from clusters import rules
from clusters.models import Volume
from provisioning.forms.base import PanelForm, RuleField, SizeMixin, number_field, refusal, unit_field
from provisioning.intents import EditQuota

KINDS = [("user", "user"), ("group", "group")]
MOST_FILES = 2**40
DAY = 86_400
USUAL_DAYS = 7


def _limit(label: str, help_text: str) -> forms.CharField:
    attrs = {"class": "form-control num w8", "inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(
        label=label, max_length=60, required=False, help_text=help_text, widget=forms.TextInput(attrs=attrs)
    )


def kind_field() -> forms.ChoiceField:
    return forms.ChoiceField(label="For a", choices=KINDS, widget=forms.Select(attrs={"class": "form-select w8"}))


class QuotaForm(SizeMixin, PanelForm):
    kind = kind_field()
    who = RuleField(rules.quota_holder, label="Who", help_text="A name that the nodes know, or a number.")
    soft = _limit("Space, soft", "May be passed for the grace time. Empty or 0: no limit.")
    soft_unit = unit_field()
    hard = _limit("Space, at most", "Writing beyond it fails: “Disk quota exceeded”. Empty or 0: no limit.")
    hard_unit = unit_field()
    files_soft = number_field("Files, soft", 0, MOST_FILES, required=False)
    files_hard = number_field("Files, at most", 0, MOST_FILES, required=False)

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, **kwargs: Any) -> None:
        self.volume = volume
        super().__init__(data, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("soft", "hard"):
            cleaned[f"{name}_kib"] = self._kib(name)
        for soft, hard, where in (
            (cleaned["soft_kib"], cleaned["hard_kib"], "soft"),
            (cleaned.get("files_soft") or 0, cleaned.get("files_hard") or 0, "files_soft"),
        ):
            if hard and soft > hard:
                self.add_error(where, refusal("The soft limit is above the hard one, so it would never be reached."))
        return cleaned

    def _kib(self, name: str) -> int:
        """quota counts in KiB; a limit is never less than what was typed."""
        if self.text(name).strip("0.") == "":
            return 0
        return -(-(self.size_of(name, f"{name}_unit") or 0) // 1024)

    def intent(self) -> EditQuota:
        values = self.cleaned_data
        return EditQuota(
            self.volume.cluster.slug, self.volume.name, self.text("kind"), self.text("who"), values["soft_kib"], values["hard_kib"],
            values.get("files_soft") or 0, values.get("files_hard") or 0,
        )  # fmt: skip


class GraceForm(PanelForm):
    kind = kind_field()
    days = number_field("Grace time in days", 1, 365, help_text="For space and for files.")
    offered = forms.IntegerField(required=False, widget=forms.HiddenInput)  # the days that stood there first

    def __init__(self, data: QueryDict | None = None, *, volume: Volume, **kwargs: Any) -> None:
        self.volume = volume
        super().__init__(data, **kwargs)

    @property
    def untouched(self) -> bool:
        """Whether the days are still those that were offered."""
        return self.cleaned_data.get("days") is not None and self.cleaned_data["days"] == self.cleaned_data.get(
            "offered"
        )

    def intent(self) -> EditQuota:
        grace = int(self.cleaned_data["days"]) * DAY
        return EditQuota(self.volume.cluster.slug, self.volume.name, self.text("kind"), "", grace=grace)
