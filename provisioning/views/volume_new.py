"""A new volume on a running pair: from form to plan."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from clusters import access, rules, typed
from clusters.models import Cluster
from clusters.states import ENDED, AccessLevel, Inventory
from provisioning import actions, jobs
from provisioning.desired import DesiredVolume
from provisioning.forms.volume import Room, VolumeForm
from provisioning.intents import CreateVolume
from provisioning.models import Job
from provisioning.pages import space
from provisioning.views.guards import in_service
from provisioning.views.refusals import say

TEMPLATE = "provisioning/volume_new.html"


@require_http_methods(["GET", "POST"])
def volume_new(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, AccessLevel.OPERATOR)
    if refused := in_service(request, cluster):
        return refused
    checking = request.method == "POST" and "check" in request.GET
    key = request.POST.get("key") or uuid.uuid4().hex
    form = VolumeForm(
        typed.data(request),
        cluster=cluster, room=Room.of(cluster), planned=planned(cluster, but=key), checking=checking, initial={"fstype": usual_fstype(cluster)},
    )  # fmt: skip
    context = {"cluster": cluster, "key": key, **form_context(form)}
    if checking:
        return render(request, "provisioning/_volume_form.html#notes", context)
    if request.method == "GET":
        return render(request, TEMPLATE, context)
    if not form.is_valid() or "use" in request.POST:
        return render(request, TEMPLATE, context, status=422)
    try:
        return redirect(jobs.draft(request, "volume.create", cluster, form.intent(), key))
    except jobs.Refused as refusal:
        say(request, refusal)
        return render(request, TEMPLATE, context, status=409)


def planned(cluster: Cluster, *, but: str) -> list[DesiredVolume]:
    """Volumes that jobs which have not ended are about to make; the job of this very form, sent twice, is not in its own way."""
    open_jobs = (
        Job.objects.filter(cluster=cluster, action="volume.create")
        .exclude(status__in=ENDED)
        .exclude(idempotency_key=but)
    )
    intents = [actions.intent_of(job) for job in open_jobs.defer("plan")]
    return [intent.volume for intent in intents if isinstance(intent, CreateVolume)]


def usual_fstype(cluster: Cluster) -> str:
    kinds = list(cluster.volumes.filter(inventory=Inventory.PRESENT).values_list("fstype", flat=True))
    return max(set(kinds), key=kinds.count) if kinds else "ext4"


def form_context(form: VolumeForm) -> dict[str, Any]:
    """The form with what stands beside it: rules that tick, the bar of space, what it becomes."""
    bound = form.is_bound
    name = form.data.get("name", "") if bound else ""
    if bound:
        form.is_valid()
    size = form.cleaned_data.get("bytes") if bound else None
    return {
        "volume_form": form,
        "name_rules": name_rules(form, name),
        "space": space_bar(form.room, size, form.text("pool") if bound else ""),
        "becomes": becomes(form),
        "complaints": form.complaints() if bound else [],
    }


def name_rules(form: VolumeForm, name: str) -> list[tuple[str, bool]]:
    """Say each part of the rule by itself and whether what is typed so far keeps it."""
    plain = bool(name) and all(char in "abcdefghijklmnopqrstuvwxyz0123456789_" for char in name)
    others = {volume.name for volume in form.cluster.volumes.exclude(inventory=Inventory.FORGOTTEN)} | {
        v.name for v in form.planned
    }
    return [
        ("starts with a letter", bool(name) and "a" <= name[0] <= "z"),
        ("a to z, 0 to 9 and _ only", plain),
        (f"{len(name)} of at most 32 characters", 0 < len(name) <= 32),
        (
            "kept by nobody: not used here, not LVM's or the panel's own",
            bool(name) and name not in others and _taken(name),
        ),
    ]


def _taken(name: str) -> bool:
    try:
        return bool(rules.unreserved(name))
    except rules.RuleError:
        return False


def space_bar(room: Room, asked: int | None, pool: str = "") -> dict[str, Any] | None:
    """Widths of the bar out of 1000: used, asked for, and what goes beyond the end. Of a thin pool: what it promises and how full it is."""
    if thin := room.pool(pool):
        promised = thin.promised + (space.rounded_up(asked) if asked else 0)
        return {"pool": thin, "promised": promised, "share": round(100 * promised / thin.size) if thin.size else 0}
    if not room.size or room.free is None:
        return None
    asked = space.rounded_up(asked) if asked else 0
    over = max(0, asked - room.free)
    whole = room.size + over
    used = room.size - room.free

    def share(part: int) -> int:
        return round(1000 * part / whole)

    return {
        "vg": room.vg, "size": room.size, "used": used, "free": room.free, "asked": asked, "over": over, "left": max(0, room.free - asked),
        "used_width": share(used), "asked_at": share(used), "asked_width": share(min(asked, room.free)),
        "end": share(room.size), "over_width": share(over),
    }  # fmt: skip


def becomes(form: VolumeForm) -> dict[str, str]:
    if not form.is_bound or "name" in form.errors or not form.text("name"):
        return {}
    mount = form.text("mount_point") if "mount_point" not in form.errors else ""
    return {
        "device": f"/dev/{form.room.vg}/{form.text('name')}",
        "mount": mount,
        "fstype": form.text("fstype"),
        "pool": form.text("pool") if "pool" not in form.errors else "",
        "options": form.text("mount_options"),
    }
