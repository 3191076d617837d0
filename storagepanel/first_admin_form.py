"""The form behind an administrator's one-time link."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model, password_validation
from django.contrib.auth.models import User

from clusters.forms import person_name


class FirstAdminForm(forms.Form):
    username = forms.CharField(
        label="Name",
        max_length=150,
        help_text="How you sign in, and how the audit log calls you.",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "class": "form-control"}
        ),
    )
    password = forms.CharField(
        strip=False,
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "form-control"}),
    )
    again = forms.CharField(
        label="Password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "form-control"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["username"].initial = user.get_username()
        if user.has_usable_password():
            self.fields["username"].disabled = True

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        if name != self.user.get_username():
            person_name(name)
        if get_user_model().objects.filter(username=name).exclude(pk=self.user.pk).exists():
            raise forms.ValidationError("Somebody else has this name.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password = cleaned.get("password")
        if password and "again" in cleaned and cleaned["again"] != password:
            self.add_error("again", "The two passwords differ.")
        if password:
            self.user.username = cleaned.get("username", self.user.username)
            try:
                password_validation.validate_password(password, self.user)
            except forms.ValidationError as refused:
                self.add_error("password", refused)
        return cleaned
