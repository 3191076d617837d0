"""What a form of something in service began with. When somebody else changed that meanwhile, the form is shown once more and says so:
fields that were never touched would put old values back, and nobody would see it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest

from clusters import typed

MOST = 200_000  # characters of what a browser sends back


@dataclass(frozen=True, slots=True)
class Difference:
    label: str
    was: str
    now: str


def changed_since(request: HttpRequest, context: dict[str, Any], facts: Mapping[str, str]) -> bool:
    """Put into the context what `_opened_on.html` shows. True when the form began with something else than `facts`, by label."""
    data = typed.data(request)
    began = _read(data.get("as_of", "") if data is not None else "")
    context["as_of"] = json.dumps(facts)
    context["differences"] = [] if began is None else _differences(began, facts)
    return bool(context["differences"])


def facts_of(form: forms.Form) -> dict[str, str]:
    """Give what a form's fields begin with, by label: those of something in service begin with what it is now."""
    return {str(each.label): _text(form.get_initial_for_field(each.field, each.name)) for each in form}


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)


def _read(sent: str) -> dict[str, str] | None:
    """None when nothing was sent, or what was sent is not from a form of ours: then there is nothing to compare."""
    try:
        found = json.loads(sent) if len(sent) < MOST else None
    except (ValueError, RecursionError):
        return None
    return {str(label): str(text) for label, text in found.items()} if isinstance(found, dict) else None


def _differences(began: Mapping[str, str], facts: Mapping[str, str]) -> list[Difference]:
    found = (Difference(label, began.get(label, ""), facts.get(label, "")) for label in dict.fromkeys([*facts, *began]))
    return [each for each in found if each.was != each.now]
