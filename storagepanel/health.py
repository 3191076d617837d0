"""`healthz/`: is the panel itself alive. For supervisors, load balancers and the settings page; says nothing about clusters."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.models import PanelPart

# Each part is heard of at least every ten seconds; three misses are silence.
SILENT_AFTER = 35.0
PARTS = ("jobs", "probes", "beat")


@dataclass(frozen=True, slots=True)
class PartAge:
    name: str
    seconds: float | None
    """Since it was last heard of; None: never."""

    @property
    def alive(self) -> bool:
        return self.seconds is not None and self.seconds <= SILENT_AFTER


def part_ages() -> list[PartAge]:
    now = timezone.now()
    seen = dict(PanelPart.objects.values_list("part", "at"))
    return [
        PartAge(name, max(0.0, round((now - seen[name]).total_seconds(), 1)) if name in seen else None)
        for name in PARTS
    ]


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the web and its database work, else 503. A silent worker is told, not failed: a restart of the web would not help it."""
    try:
        connection.ensure_connection()
        ages = part_ages()
    except DatabaseError:
        return JsonResponse({"web": "ok", "database": "failed"}, status=503)
    parts = {age.name: {"alive": age.alive, "seconds": age.seconds} for age in ages}
    return JsonResponse({"web": "ok", "database": "ok", "parts": parts})
