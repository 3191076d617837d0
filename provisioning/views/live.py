"""A part of a page that refreshes itself: the same URL answers it alone, or 204 when the page shows that state already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def key(*state: object) -> str:
    """Name a state by what the page was made of."""
    return hashlib.sha256(json.dumps(state, default=str).encode()).hexdigest()[:16]


def wants(request: HttpRequest, part: str) -> bool:
    return request.GET.get("part") == part


def part(request: HttpRequest, template: str, name: str, context: Mapping[str, Any]) -> HttpResponse:
    """Answer one part. `context["seen"]` is the key of its state."""
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, f"{template}#{name}", dict(context))


def reload_page() -> HttpResponse:
    """Tell the browser that the page has become another one."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
