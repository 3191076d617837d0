"""The audit log: reading it, one entry, verifying and exporting it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clusters import access, audit, log
from clusters.models import AuditEntry
from clusters.states import AccessLevel

SHOWN_PROBLEMS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def audit_page(request: HttpRequest) -> HttpResponse:
    """POST verifies the chain and shows the page with the verdict."""
    entries, filters = log.readable(request.user), log.Filters.of(request.GET)
    everywhere = access.of(request).on() >= AccessLevel.VIEWER
    verified = None
    if request.method == "POST":
        access.require(request, AccessLevel.VIEWER)
        problems = audit.verify()
        verified = {
            "at": timezone.now(),
            "problems": problems[:SHOWN_PROBLEMS],
            "count": len(problems),
            "entries": AuditEntry.objects.count(),
        }
    page, lines = log.load(entries, filters, request.GET.get("page"))
    context = {
        "page": page,
        "lines": lines,
        "filters": filters,
        "views": log.VIEWS,
        "at": filters.as_query(),
        "people": log.people(entries),
        "clusters": list(access.of(request).visible(forgotten=True).order_by("slug").values_list("slug", flat=True)),
        "outcomes": AuditEntry.Outcome.values,
        "verified": verified,
        "everywhere": everywhere,
    }
    return render(request, "audit.html", context)


@require_safe
def audit_entry_page(request: HttpRequest, sequence: int) -> HttpResponse:
    entry = log.readable(request.user).filter(sequence=sequence).first()
    if entry is None:
        raise Http404("No such entry.")
    return render(request, "audit-entry.html", {"open": log.opened(entry), "entry": entry})


@require_safe
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The whole log, one JSON object a line with its hashes: it can be verified without the panel."""
    access.require(request, AccessLevel.VIEWER)
    response = StreamingHttpResponse(_lines(), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.now():%Y-%m-%d}.ndjson"'
    return response


def _lines() -> Iterator[str]:
    for row in audit.export():
        yield json.dumps(row, sort_keys=True) + "\n"
