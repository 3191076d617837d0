"""Forms about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password

from clusters import rules
from clusters.models import Cluster
from clusters.states import AccessLevel, Inventory

LEVELS = [(level.value, level.name.lower()) for level in AccessLevel if level]
CONTROL = {"class": "form-control w20"}
CHOICE = {"class": "form-select w20"}


def person_name(value: str) -> None:
    """Validate as `rules.person_name` does."""
    try:
        rules.person_name(value)
    except rules.RuleError as refused:
        raise forms.ValidationError(refused.message) from None


def _clusters() -> Any:
    return Cluster.objects.exclude(inventory=Inventory.FORGOTTEN)


class LevelForm(forms.Form):
    level = forms.TypedChoiceField(
        choices=[*LEVELS, (0, "none")], coerce=lambda value: AccessLevel(int(value)), widget=forms.Select(attrs=CHOICE)
    )  # fmt: skip
    cluster = forms.ModelChoiceField(
        Cluster.objects.none(), to_field_name="slug", required=False, empty_label="all clusters", widget=forms.Select(attrs=CHOICE)
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["cluster"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = _clusters()


class PasswordForm(forms.Form):
    password = forms.CharField(
        min_length=12, max_length=200, help_text="Twelve characters or more, not a common word.",
        widget=forms.PasswordInput(attrs={**CONTROL, "autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class PersonForm(PasswordForm, LevelForm):
    username = forms.CharField(
        label="Name", max_length=150, validators=[person_name], help_text="What they sign in with; it stays in the audit log.",
        widget=forms.TextInput(attrs={**CONTROL, "autocomplete": "off", "autocapitalize": "none"}),
    )  # fmt: skip
    field_order = ["username", "password", "level", "cluster"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        level = self.fields["level"]
        assert isinstance(level, forms.TypedChoiceField)  # noqa: S101 - declared above
        level.choices = LEVELS
        self.fields[
            "password"
        ].help_text = "A first one, told to them on another way. Twelve characters or more; they can change it."

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if get_user_model().objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("This name is taken.")
        return name
