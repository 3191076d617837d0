"""Many volumes or exports from CSV: send, look at what every row would become and run, approve one pair after the other."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clusters import access, refused, typed
from clusters.models import Cluster
from clusters.states import AccessLevel
from clusters.tables import sheet
from provisioning import batches, bulk, codec, planned
from provisioning.models import Batch, BatchRow, RowPlan
from provisioning.pages import batch_page, beside_plan, job_page

MOST_BYTES = 2 * bulk.MOST_TEXT


@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, kind: str) -> HttpResponse:
    if max(access.levels(request.user).values(), default=AccessLevel.NONE) < AccessLevel.OPERATOR:
        why = "This needs the access level operator on at least one cluster."
        refused.attempt(request, why)
        raise PermissionDenied(why)
    context: dict[str, Any] = {
        "kind": kind,
        "columns": bulk.COLUMNS[kind],
        "needed": bulk.NEEDED[kind],
        "most": bulk.MOST_ROWS,
    }
    if (data := typed.data(request)) is not None:
        context["text"] = data.get("text", "")
    if request.method == "POST":
        try:
            text = _sent(request) or context["text"]
            context["text"] = text.replace("\x00", "")
            bulk.read(kind, text)
        except bulk.Unreadable as problem:
            context["problem"] = str(problem)
        else:
            made = Batch.objects.create(kind=kind, text=text, created_by=request.user.get_username())
            _plan(request, made, access.visible(request.user))
            return redirect(made)
    context["mine"] = Batch.objects.filter(kind=kind, created_by=request.user.get_username()).defer("text")[:10]
    return render(request, "provisioning/import.html", context, status=422 if "problem" in context else 200)


@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = _mine(request, pk)
    levels = access.levels(request.user)
    shown = batch_page.load(found, levels, access.visible(request.user))
    if request.GET.get("format") == "csv":
        return sheet.response(f"{found.kind}-left", *batch_page.left(found, shown))
    context = {"batch": found, "shown": shown, "headline": shown.headline(found.kind), "live": shown.moving}
    live = request.GET.get("part") == "live"
    return render(request, "provisioning/batch.html#live" if live else "provisioning/batch.html", context)


@require_safe
def batch_line(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What one row would run."""
    found = _mine(request, pk)
    seen = access.visible(request.user).values("pk")
    newest = RowPlan.objects.filter(inquiry__batch=found, inquiry__cluster__in=seen, number=number)
    row = newest.select_related("inquiry__cluster").order_by("-inquiry_id").first()
    if row is None:
        raise Http404("No such plan.")
    view, cluster = planned.view_of(row), row.inquiry.cluster
    context = {
        "batch": found, "row": row, "cluster": cluster, "view": view, "plan": view.plan if view else None,
        "lanes": job_page.lanes(cluster), "against": said.against if (said := planned.of_row(row)) else "",
        "felt_names": beside_plan.names(view.plan if view else None),
    }  # fmt: skip
    return render(request, "provisioning/batch_line.html", context)


@require_POST
def batch_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one pair's nodes again and plan its rows anew."""
    found = _mine(request, pk)
    cluster = access.get_cluster(request, request.POST.get("cluster", ""), AccessLevel.OPERATOR)
    if not found.rows.filter(cluster=cluster).exists():
        _plan(request, found, Cluster.objects.filter(pk=cluster.pk))
    return redirect(found)


def _plan(request: HttpRequest, batch: Batch, clusters: QuerySet[Cluster]) -> None:
    judged = bulk.judge(batch.kind, batch.text, access.levels(request.user), clusters)
    for cluster in dict.fromkeys(one.cluster for one in judged if one.intent and one.cluster):
        planned.ask(batch, cluster, request.user.get_username())


@require_POST
def batch_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one pair's rows run; what is wrong with the others is kept beside them."""
    found = _mine(request, pk)
    cluster = access.get_cluster(request, request.POST.get("cluster", ""), AccessLevel.OPERATOR)
    plans = planned.of_batch(found).get(cluster.pk)
    if plans is None or not plans.done or plans.key != request.POST.get("plans"):
        messages.warning(
            request, f"The rows on {cluster} were planned anew, or are not planned yet. Look at them again."
        )
        return redirect(found)
    judged = bulk.judge(found.kind, found.text, access.levels(request.user), Cluster.objects.filter(pk=cluster.pk))
    shown = request.POST.get("shown", "").split()
    if any(one.intent and plans.of(one.number, one.intent) is None for one in judged):
        messages.warning(request, f"{cluster}: {batch_page.LAPSED}")
        return redirect(found)
    rows = [_row(one, shown, plans.of(one.number, one.intent)) for one in judged if one.cluster is not None]
    batches.approve(found, cluster, rows, request.user.get_username())
    return redirect(found)


@require_POST
def batch_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin nothing more of it; the row that runs on a node ends."""
    found = _mine(request, pk)
    left = batches.stop(request, found)
    messages.success(
        request, f"Stopped. {left} row{'' if left == 1 else 's'} will not be tried; what runs already ends by itself."
    )
    return redirect(found)


def _row(one: bulk.Judged, shown: Collection[str], plan: planned.OfRow | None) -> BatchRow:
    """Of its warnings those count that stood on the page: the inventory may have changed since."""
    problem = " ".join(one.problems) or (plan.against if plan else "")
    stood = {planned.stood(finding) for finding in (*one.warnings, *one.of_pair)} & set(shown)
    of_plan = {planned.stood(finding) for finding in plan.warnings} if plan else set()
    return BatchRow(
        number=one.number,
        values=dict(one.values),
        intent=codec.dump(one.intent) if one.intent and not problem else None,
        problem=problem,
        shown=sorted(stood | of_plan),
    )


def _mine(request: HttpRequest, pk: int) -> Batch:
    """What somebody sent is theirs; an admin of everything sees it too."""
    found = Batch.objects.filter(pk=pk).first()
    if found and (found.created_by == request.user.get_username() or access.level(request.user) >= AccessLevel.ADMIN):
        return found
    raise Http404("No such batch.")


def _sent(request: HttpRequest) -> str:
    """The file, when one was sent."""
    files: Mapping[str, Any] = request.FILES
    file = files.get("file")
    if file is None:
        return ""
    if file.size > MOST_BYTES:
        raise bulk.Unreadable(f"The file has more than {MOST_BYTES // 1024} KiB. Split it.")
    return _decoded(file.read())


def _decoded(raw: bytes) -> str:
    """UTF-16 by its mark ("Unicode text" of Excel), UTF-8, else what spreadsheets on Windows write."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            raise bulk.Unreadable("The file is not whole: it ends within a character. Save it once more.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
