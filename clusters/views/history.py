"""Failover history of the fleet and of one cluster."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clusters import access, history
from clusters.models import Cluster


@require_safe
def history_page(request: HttpRequest) -> HttpResponse:
    return _page(request, None)


@require_safe
def cluster_history_page(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, access.get_cluster(request, slug, forgotten=True))


def _page(request: HttpRequest, cluster: Cluster | None) -> HttpResponse:
    mine = access.of(request).visible(forgotten=True)
    filters = history.Filters.of(request.GET, cluster, timezone.now())
    if request.GET.get("format") == "csv":
        return _csv(request, filters)
    context = {
        "cluster": cluster,
        "history": history.load(mine, filters, request.GET.get("page")),
        "filters": filters,
        "clusters": list(mine.order_by("slug").values_list("slug", flat=True)) if cluster is None else [],
        "kinds": [(kind, word) for kind, word in history.WORDS.items() if kind],
    }
    return render(request, "history.html", context)


def _csv(request: HttpRequest, filters: history.Filters) -> HttpResponse:
    text = io.StringIO()
    csv.writer(text).writerows(history.as_csv(access.of(request).visible(forgotten=True), filters))
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="failovers-{filters.year}.csv"'
    return response
