"""The panel about itself."""

from __future__ import annotations

import platform

import django
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clusters import access
from clusters.models import AuditHead
from clusters.states import AccessLevel
from clusters.views.fleet import url


@require_safe
def settings_page(request: HttpRequest) -> HttpResponse:
    access.require(request, AccessLevel.VIEWER)
    head = AuditHead.objects.first()
    facts = [
        ("Address", settings.BASE_URL or request.build_absolute_uri("/"), "PANEL_URL"),
        ("Times shown in", settings.DISPLAY_TIME_ZONE, "PANEL_TIME_ZONE"),
        ("Plans are valid for", f"{settings.PLAN_VALID_MINUTES} min", ""),
        (
            "Sign-in shuts after",
            f"{settings.AXES_FAILURE_LIMIT} wrong tries, for {round(settings.AXES_COOLOFF_TIME * 60)} min",
            "",
        ),
        ("Sessions end after", f"{settings.SESSION_COOKIE_AGE // 3600} h", ""),
        ("HTTPS", "yes" if settings.HTTPS else "no: put a proxy with TLS in front before others use it", "PANEL_URL"),
        ("Database", connection.vendor.replace("postgresql", "PostgreSQL").replace("sqlite", "SQLite"), "DATABASE_URL"),
        ("Audit log", f"{head.sequence:,} entries".replace(",", "\u202f") if head else "none", ""),
        ("Versions", f"Django {django.get_version()}, Python {platform.python_version()}", ""),
    ]
    return render(request, "settings.html", {"facts": facts, "parts_url": url("panel-parts")})
