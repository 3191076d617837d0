"""A form that was left is taken up again: its page is shown with what this tab remembered. Nothing is sent by it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from clusters import typed


@require_POST
def take_up(request: HttpRequest) -> HttpResponse:
    remembered = typed.from_tab(request)
    return redirect(typed.put(request, remembered) if remembered else "fleet")
