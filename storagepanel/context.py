"""What every page's frame needs."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clusters import access, typed
from clusters.states import AT_WORK, AccessLevel


@dataclass(frozen=True, slots=True)
class Me:
    level: AccessLevel

    @property
    def level_name(self) -> str:
        return self.level.name.lower() if self.level else "by cluster"

    @property
    def is_admin(self) -> bool:
        return self.level >= AccessLevel.ADMIN


def panel(request: HttpRequest) -> dict[str, object]:
    return {
        "demo": settings.DEMO,
        "theme": request.COOKIES.get("theme") if request.COOKIES.get("theme") in ("light", "dark") else "",
        "me": SimpleLazyObject(lambda: Me(access.of(request).on())),
        "running_jobs": SimpleLazyObject(lambda: _running_jobs(request)),
        "came_back": typed.found(request) if hasattr(request, "user") else None,
    }


def _running_jobs(request: HttpRequest) -> int:
    return access.of(request).visible().filter(jobs__status__in=AT_WORK).count()
