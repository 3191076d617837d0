"""`healthz/`: is the panel itself alive. For supervisors, load balancers and the settings page; says nothing about clusters."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.pages import parts


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the web and its database work, else 503. A silent worker is told, not failed: a restart of the web would not help it."""
    try:
        connection.ensure_connection()
        seen = {part.part: {"alive": part.alive, "seconds": part.seconds} for part in parts.everything()}
    except DatabaseError:
        return JsonResponse({"web": "ok", "database": "failed"}, status=503)
    return JsonResponse({"web": "ok", "database": "ok", "parts": seen})
