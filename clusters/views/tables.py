"""The tables of all volumes and all exports: page, fragment and CSV at one address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from clusters import access
from clusters.states import AccessLevel, Health
from clusters.tables import asked, exports, sheet, volumes
from clusters.verdict import GROUPS
from clusters.views.fleet import url


@require_safe
def volumes_page(request: HttpRequest) -> HttpResponseBase:
    filters = volumes.Filters.of(request.GET)
    extra: dict[str, object] = {
        "fills": [(key, word) for key, (word, _) in volumes.FILLS.items()],
        "soons": [(key, word) for key, (word, _) in volumes.SOONS.items()],
        "import_url": url("volumes-import"),
    }
    return _page(request, volumes, filters, "volumes.html", extra)


@require_safe
def exports_page(request: HttpRequest) -> HttpResponseBase:
    filters = exports.Filters.of(request.GET)
    extra: dict[str, object] = {"given": list(exports.GIVEN.items()), "import_url": url("exports-import")}
    return _page(request, exports, filters, "exports.html", extra)


def _page(request: HttpRequest, table: Any, filters: Any, template: str, extra: dict[str, object]) -> HttpResponseBase:
    mine, now = access.of(request).visible(), timezone.now()
    if request.GET.get("format") == "csv":
        return sheet.response(template.removesuffix(".html"), table.HEAD, table.as_csv(mine, filters, now))
    marks = table.marks(mine)
    htmx: Any = request.htmx  # type: ignore[attr-defined]
    if htmx and request.GET.get("seen") == marks.version:
        return HttpResponse(status=204)
    context = {
        "table": table.load(mine, filters, request.GET.get("page"), now, marks.rows),
        "filters": filters,
        "version": marks.version,
        "may_import": max(access.levels(request.user).values(), default=AccessLevel.NONE) >= AccessLevel.OPERATOR,
        "healths": [(health.value, GROUPS[health][1]) for health in Health],
        **extra,
    }
    if htmx and not htmx.history_restore_request:
        response = render(request, f"{template}#table", context)
    else:
        response = render(request, template, context | {"slugs": asked.slugs(mine)})
    patch_vary_headers(response, ["HX-Request"])
    return response
