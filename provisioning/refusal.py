"""The door's no: a sentence for the page and what to do now."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class Refused(Exception):
    """Nothing was changed. `field` names the form field it is about, if any."""

    action = ""  # what the audit log calls it when that is not the job's own action

    def __init__(self, message: str, hint: str = "", *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field


class Denied(Refused, PermissionDenied):
    """The person's access level is too low; Django answers 403 where nobody catches it."""


class WrongPassword(Refused):
    action = "password.check"
