"""Pages of the fleet and of one cluster's inventory. Plain functions: load, guard, render."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clusters import access, fleet, pictures
from clusters.fleet_filters import Filters
from clusters.pictures import Link, Pair, Side


@require_safe
def fleet_page(request: HttpRequest) -> HttpResponse:
    mine = access.of(request).visible()
    now = timezone.now()
    marks = fleet.marks(mine, now)
    version = marks.version(now)
    live = request.GET.get("part") == "live"
    if live and request.GET.get("seen") == version:
        return HttpResponse(status=204)
    filters = Filters.of(request.GET)
    shown = fleet.load(mine, marks, filters, request.GET.get("page"), now)
    context = {
        "fleet": shown,
        "running_jobs": shown.at_work,
        "filters": filters,
        "version": version,
        "jobs_url": url("jobs"),
        "add_url": url("cluster-new"),
        "empty_picture": pictures.empty("first", "peer"),
        "sample_picture": pictures.mini(SAMPLE),
    }
    return render(request, "fleet.html#live" if live else "fleet.html", context)


def url(name: str, *args: object) -> str:
    """The address of a page of the other app; "" when it is not there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


SAMPLE = Pair(
    "simulated", Side("alice", holds=True, copy="ok"), Side("bob", copy="ok"), Link("ok"), "A simulated pair: alice holds the service, redundant"
)  # fmt: skip
