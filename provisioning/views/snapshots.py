"""Snapshots of a volume: forms to take one, open one and set a schedule, and the page of one with what can be done to it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clusters import access, clock, snapshots, typed
from clusters.models import Cluster, ClusterState, Snapshot, SnapshotSchedule
from clusters.retention import next_run
from clusters.snapshot_rows import SnapshotRow
from clusters.states import AccessLevel, Inventory
from provisioning import jobs, schedules
from provisioning.actions import ACTIONS, intent_of
from provisioning.forms.snapshot import OpenForm, ScheduleForm, TakeForm, initial_schedule
from provisioning.forms.snapshot_room import suggested
from provisioning.forms.volume import Room
from provisioning.intents import CloseSnapshot, DeleteSnapshot, Intent, RestoreSnapshot
from provisioning.models import Job
from provisioning.plans.parts import words
from provisioning.views.guards import in_service, present_volume
from provisioning.views.opened_on import changed_since, facts_of
from provisioning.views.refusals import say
from provisioning.views.volume_new import space_bar

TAKE, OPEN, SCHEDULE = (f"provisioning/snapshot_{name}.html" for name in ("new", "open", "schedule"))
NAMED: dict[str, type[DeleteSnapshot] | type[RestoreSnapshot] | type[CloseSnapshot]] = {
    "delete": DeleteSnapshot,
    "restore": RestoreSnapshot,
    "close": CloseSnapshot,
}


@require_http_methods(["GET", "POST"])
def snapshot_new(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    free = Room.of(cluster, volume)
    number, unit = suggested(volume, free)
    initial = {"name": f"{clock.local(timezone.now()):%Y-%m-%d-%H%M}", "size": number, "unit": unit}
    form = TakeForm(typed.data(request), volume=volume, room=free, checking=_checking(request), initial=initial)
    context = {"cluster": cluster, "volume": volume, **_form_context(request, form)}
    return _answer(request, TAKE, form, context, "snapshot.create", cluster)


@require_http_methods(["GET", "POST"])
def snapshot_open(request: HttpRequest, slug: str, name: str, snapshot: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    row = _row(cluster, name, snapshot)
    fsid = snapshots.fsid_of(row)
    initial = {"clients": row.clients, "as_root": row.as_root}
    form = OpenForm(typed.data(request), snapshot=row, fsid=fsid, checking=_checking(request), initial=initial)
    shown = SnapshotRow(row, None, fresh=False)
    context = {"cluster": cluster, "volume": row.volume, "row": shown, "fsid": fsid, **_form_context(request, form)}
    return _answer(request, OPEN, form, context, "snapshot.open", cluster)


@require_http_methods(["GET", "POST"])
def snapshot_schedule(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Set when snapshots are taken and how many are kept. No node is touched by it; each run goes through the door."""
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    volume = present_volume(cluster, name)
    free = Room.of(cluster, volume)
    old = SnapshotSchedule.objects.filter(volume=volume).first()
    initial = initial_schedule(old, volume, free)
    form = ScheduleForm(
        typed.data(request), volume=volume, room=free, old=old, checking=_checking(request), initial=initial
    )
    context = {"cluster": cluster, "volume": volume, "old": old, **_form_context(request, form)}
    if context["checking"]:
        return render(request, f"{SCHEDULE}#notes", context)
    overtaken = changed_since(request, context, facts_of(form) if old else {})
    if request.method == "GET":
        return render(request, SCHEDULE, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, SCHEDULE, context, status=422)
    if overtaken:
        return render(request, SCHEDULE, context, status=409)
    due = next_run(timezone.now(), form.keeps(), schedules.zone()) if form.keeps().most else timezone.now()
    schedule = snapshots.set_schedule(request, volume, **form.values(due))
    messages.success(request, _said(schedule, form.going()))
    return redirect(volume)


def _said(schedule: SnapshotSchedule, going: tuple[str, ...]) -> str:
    if not schedule.enabled:
        return "No snapshots by schedule any more. The ones that exist stay."
    more = f" The next run removes {words.listed(going)}." if going else ""
    return f"Snapshots are taken by schedule from now on.{more}"


@require_safe
def snapshot_page(request: HttpRequest, slug: str, name: str, snapshot: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, forgotten=True)
    row = _row(cluster, name, snapshot)
    state = ClusterState.objects.filter(cluster=cluster).first()
    shown = SnapshotRow(row, getattr(row, "state", None), fresh=bool(state and state.judged_at))
    level = access.level(request.user, cluster)
    context = {
        "cluster": cluster, "volume": row.volume, "row": shown, "going": _going(row), "snapshot": row, "key": uuid.uuid4().hex,
        "may_open": level >= AccessLevel.OPERATOR and not shown.lost, "may_delete": level >= AccessLevel.OPERATOR,
        "may_restore": level >= AccessLevel.ADMIN and not shown.lost,
    }  # fmt: skip
    return render(request, "provisioning/snapshot.html", context)


@require_POST
def snapshot_change(request: HttpRequest, slug: str, name: str, snapshot: str, verb: str) -> HttpResponse:
    """Ask for the plan that deletes it, rolls the volume back to it, or closes it."""
    action = f"snapshot.{verb}"
    cluster = access.get_cluster(request, slug, ACTIONS[action].level)
    if refused := in_service(request, cluster):
        return refused
    intent: Intent = NAMED[verb](cluster.slug, name, _row(cluster, name, snapshot).name)
    try:
        return redirect(jobs.draft(request, action, cluster, intent, request.POST.get("key") or None))
    except jobs.Refused as refusal:
        say(request, refusal)
        return redirect("snapshot", slug, name, snapshot)


def _going(row: Snapshot) -> Job | None:
    """The job that takes it away, as its last step or because the volume goes back to it; also one that broke off."""
    if row.inventory != Inventory.REMOVING:
        return None
    recent = Job.objects.filter(cluster=row.volume.cluster, action__in=("snapshot.delete", "snapshot.restore"))
    mine = (
        job
        for job in recent.exclude(started_at=None).order_by("-pk")[:20]
        if _named(job) == (row.volume.name, row.name)
    )
    return next(mine, None)


def _named(job: Job) -> tuple[str, str]:
    intent = intent_of(job)
    return (intent.volume, intent.name) if isinstance(intent, DeleteSnapshot | RestoreSnapshot) else ("", "")


def _row(cluster: Cluster, volume: str, name: str) -> Snapshot:
    rows = snapshots.of(cluster, volume, name).select_related("volume__cluster", "state", "schedule")
    row = rows.first()
    if row is None:
        raise Http404("No such snapshot.")
    return row


def _checking(request: HttpRequest) -> bool:
    return request.method == "POST" and "check" in request.GET


def _form_context(request: HttpRequest, form: TakeForm | OpenForm | ScheduleForm) -> dict[str, Any]:
    if form.is_bound:
        form.is_valid()
    context: dict[str, Any] = {
        "form": form,
        "key": request.POST.get("key") or uuid.uuid4().hex,
        "complaints": form.complaints() if form.is_bound else [],
        "checking": _checking(request),
    }
    if not isinstance(form, OpenForm):
        context["space"] = space_bar(form.room, form.asked, form.volume.pool)
        context["told"] = form.told()
    return context


def _answer(
    request: HttpRequest,
    template: str,
    form: TakeForm | OpenForm,
    context: dict[str, Any],
    action: str,
    cluster: Cluster,
) -> HttpResponse:
    if context["checking"]:
        return render(request, f"{template}#notes", context)
    if request.method == "GET":
        return render(request, template, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, template, context, status=422)
    try:
        return redirect(jobs.draft(request, action, cluster, form.intent(), context["key"]))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, template, context, status=409)
