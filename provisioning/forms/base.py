"""What all forms of the panel share: fields that ask `clusters.rules`, values on offer, and a summary of what is to change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from clusters import rules
from clusters.figures import listed


class RuleField(forms.CharField):
    """A text that one rule of `clusters.rules` judges. What the rule offers instead travels in the error's params."""

    def __init__(self, rule: Callable[[str], Any], *, mono: bool = True, css: str = "w20", **kwargs: Any) -> None:
        self.rule = rule
        # Rules count and refuse; a limit here would answer with a sentence that does not know what it is about.
        super().__init__(max_length=4000, **kwargs)
        self.widget.attrs |= {
            "class": f"form-control {'m ' if mono else ''}{css}", "autocomplete": "off", "spellcheck": "false", "autocapitalize": "none",
        }  # fmt: skip

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return self.judged(text) if text else text

    def judged(self, text: str) -> Any:
        try:
            return self.rule(text)
        except rules.RuleError as refused:
            raise refusal(refused.message, refused.offer if self._taken(refused.offer) else "") from None

    def _taken(self, offer: str) -> bool:
        """Whether the rule takes what it offers: with two mistakes in a value, the way out of one is no way."""
        try:
            self.rule(offer)
        except rules.RuleError:
            return False
        return True


class OneOf(forms.ChoiceField):
    """A choice that says what there is when something else was sent, as a row of CSV may."""

    def validate(self, value: str) -> None:
        if value and not self.valid_value(value):
            there = cast(Iterable[tuple[str, str]], self.choices)
            raise refusal(self.told(rules.shown(value), [name for name, _ in there]))
        super().validate(value)

    def told(self, value: str, there: list[str]) -> str:
        return f"“{value}” is not possible: {listed(there, 'or')}."


def owner_field(help_text: str) -> RuleField:
    return RuleField(rules.owner, label="Owner", required=False, help_text=help_text)


def mode_field() -> RuleField:
    help_text = "Octal, as 2775: with the 2 in front new files belong to the directory's group."
    return RuleField(rules.mode, label="Mode", required=False, css="w8", help_text=help_text)


def unfinished(what: str) -> str:
    """What a job began to make in service stays its own until it succeeds or somebody says that it is dealt with."""
    return f"A job was to make {what} and has not ended well. Plan that one again, or say on its page that you have dealt with it; then ask here."


def refusal(message: str, offer: str = "") -> ValidationError:
    """Django fills `params` into the message, so a percent sign that somebody typed is doubled."""
    return ValidationError(message.replace("%", "%%"), code="rule", params={"offer": offer})


def choice_widget(css: str = "w20") -> forms.Select:
    return forms.Select(attrs={"class": f"form-select {css}"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing to change: where (both "" when it is of no field), and what is wrong."""

    id: str
    label: str
    message: str


class PanelForm(forms.Form):
    """A form that works without scripts: `use` in what was posted puts an offered value in its field before anything is judged."""

    use_required_attribute = False

    def __init__(self, data: QueryDict | None = None, *, checking: bool = False, **kwargs: Any) -> None:
        self.checking = checking
        super().__init__(taken_offer(data) if data is not None else None, **kwargs)

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        if self.checking:  # while somebody types, an empty field is not a mistake yet
            for name, errors in list(self.errors.items()):
                if all(error.code == "required" for error in errors.as_data()):
                    del self.errors[name]

    def complaints(self, row: str = "") -> list[Complaint]:
        """Everything to change; `row` says which of several forms alike this one is."""
        found = []
        for name, errors in self.errors.as_data().items():
            place, label = "", row
            if name in self.fields:
                field = self[name]
                place = field.id_for_label or f"field-{field.html_name}"  # several buttons have no label in common
                label = ", ".join(part for part in (row, str(field.label)) if part)
            found += [Complaint(place, label, " ".join(error.messages)) for error in errors]
        return found

    @property
    def offers(self) -> dict[str, str]:
        """Field → the value its rule would take instead."""
        return {
            name: str(error.params["offer"])
            for name, errors in self.errors.as_data().items()
            for error in errors
            if error.params and error.params.get("offer")
        }

    def text(self, name: str) -> str:
        """Give what a rule let through, or nothing."""
        return str(self.cleaned_data.get(name) or "")


def taken_offer(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put an offered value in its place: the button `use` carries `field=value`."""
    if not isinstance(data, QueryDict) or "use" not in data:
        return data
    name, _, value = str(data["use"]).partition("=")
    mended = data.copy()
    if name in mended:
        mended[name] = value
    return mended


class SizeMixin(PanelForm):
    """A number and its unit as two fields; `size_of` answers bytes. A unit typed behind the number is taken too."""

    def size_of(self, name: str, unit: str) -> int | None:
        typed = self.text(name)
        if not typed:
            return None
        bare = typed.replace(".", "", 1).isdecimal()
        try:
            return rules.size(f"{typed} {self.text(unit) or 'GiB'}" if bare else typed)
        except rules.RuleError as refused:
            self.add_error(name, refusal(refused.message, refused.offer))
            return None


def size_field(label: str, **kwargs: Any) -> forms.CharField:
    attrs = {"class": "form-control num w8", "inputmode": "decimal", "autocomplete": "off"}
    return forms.CharField(label=label, max_length=60, widget=forms.TextInput(attrs=attrs), **kwargs)


def unit_field() -> forms.ChoiceField:
    widget = forms.Select(attrs={"class": "form-select w6", "aria-label": "Unit"})
    return OneOf(label="Unit", choices=[(u, u) for u in ("MiB", "GiB", "TiB")], initial="GiB", widget=widget)


def number_field(label: str, lowest: int, highest: int, **kwargs: Any) -> forms.IntegerField:
    attrs = {"class": "form-control num w8", "inputmode": "numeric", "autocomplete": "off"}
    return forms.IntegerField(
        label=label, min_value=lowest, max_value=highest, widget=forms.TextInput(attrs=attrs), **kwargs
    )
