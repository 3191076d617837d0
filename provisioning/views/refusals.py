"""Say on the page why the door refused something: the sentence stays until it is read, with what to do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from provisioning.jobs import Refused


def say(request: HttpRequest, refused: Refused) -> None:
    messages.error(request, f"{refused.message} {refused.hint}".strip())
