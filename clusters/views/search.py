"""Search over everything a person may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clusters import access, finding


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    groups = finding.find(access.of(request).visible(), text) if text else []
    count, cut = sum(len(group.hits) for group in groups), any(group.cut for group in groups)
    context = {"search_for": text, "groups": groups, "count": count, "cut": cut}
    return render(request, "search.html", context)
