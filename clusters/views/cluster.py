"""Pages of one cluster, its volumes and its exports."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_safe

from clusters import access, care, detail, offered, pictures, possible, snapshot_rows, usage_history
from clusters.export_access import what_gets
from clusters.states import AccessLevel, Inventory
from clusters.views.clients import section
from clusters.views.fleet import url


@require_safe
def cluster_page(request: HttpRequest, slug: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, forgotten=True, also=detail.ALSO)
    now = timezone.now()
    marks = detail.marks(cluster)
    live = request.GET.get("part") == "live"
    if live and request.GET.get("seen") == marks.version(cluster, now):
        return HttpResponse(status=204)
    shown = detail.load(cluster, marks, now)
    level = access.of(request).on(cluster)
    sprite = static("sprite.svg")
    context = {
        "cluster": cluster,
        "shown": shown,
        "wide": pictures.wide(shown.pair, sprite) if shown.pair else "",
        "narrow": pictures.narrow(shown.pair, sprite) if shown.pair else "",
        "actions": _actions(shown, level),
        "jobs_fragment": url("cluster-jobs", slug),
        "jobs_url": url("jobs"),
        "draft_url": url("cluster-draft", slug, "nodes") if level >= AccessLevel.ADMIN else "",
        "level": level,
        **section(cluster, pair=shown.serving),
        "live": False,  # the whole page asks again
    }
    return render(request, "cluster.html#live" if live else "cluster.html", context)


def _actions(shown: detail.Detail, level: AccessLevel) -> list[dict[str, str]]:
    """What can be done here, each with the reason when it cannot be done now."""
    cluster, now = shown.cluster, timezone.now()
    wanted = (
        ("volume-new", "Create a volume", "plus", AccessLevel.OPERATOR, True),
        ("export-new", "Publish an export", "folder-share", AccessLevel.OPERATOR, True),
        ("resource-grow", "Grow the replicated device", "database", AccessLevel.ADMIN, True),
        ("cluster-mend", "Compare and mend", "file-diff", AccessLevel.ADMIN, True),
        ("nfs-configure", "Set up the NFS server", "settings", AccessLevel.OPERATOR, True),
        ("manager-configure", "Change Heartbeat’s times", "settings", AccessLevel.ADMIN, True),
        ("cluster-forget", "Forget this cluster", "link-off", AccessLevel.ADMIN, False),
    )
    actions = []
    for name, title, icon, needs, in_service in wanted:
        why = ""
        if level < needs:
            why = f"Needs the access level {needs.name.lower()}; yours is {level.name.lower()}."
        elif cluster.inventory == Inventory.FORGOTTEN:
            why = "Not any more: the panel has forgotten this cluster."
        elif in_service and cluster.inventory != Inventory.PRESENT:
            why = "Not yet: the cluster is not in service."
        elif in_service and (waits := possible.why_not(name, shown.state, now)):
            why = waits
        elif name == "export-new" and not shown.has_volume:
            why = "Not yet: there is no volume to export."
        actions.append({"title": title, "icon": icon, "why": why, "url": url(name, cluster.slug), "name": name})
    return [action for action in actions if action["url"]]


@require_safe
def volume_page(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    cluster = access.get_cluster(request, slug, forgotten=True, also=detail.ALSO)
    volume = detail.find_volume(cluster, name)
    if volume is None:
        raise Http404("No such volume.")
    now = timezone.now()
    known = detail.known(cluster, now)
    row = detail.volume_row(volume, known.fresh)
    level = access.of(request).on(cluster)
    may_repair = level >= AccessLevel.ADMIN and volume.inventory == Inventory.PRESENT
    context = {
        **section(cluster, volume=volume, pair=known.serving),
        "known": known,
        "row": row,
        "volume": volume,
        "exports": detail.exports_on(volume),
        "actions": offered.on_volume(volume, level, known.state, url),
        "past": usage_history.pane(volume, row.usage, request.GET, now),
        "care": care.pane(volume),
        "repair_url": url("volume-repair", slug, name) if may_repair else "",
        "snapshots": snapshot_rows.pane(volume, fresh=row.fresh),
    }
    return render(request, "volume.html", context)


@require_safe
def export_page(request: HttpRequest, slug: str, fsid: int) -> HttpResponse:
    cluster = access.get_cluster(request, slug, forgotten=True, also=detail.ALSO)
    export = detail.find_export(cluster, fsid)
    if export is None:
        raise Http404("No such export.")
    known = detail.known(cluster, timezone.now())
    address = request.GET.get("address", "")[:253]
    allowed = list(export.clients.all())
    clients = [(client.client, client.options.split(",")) for client in allowed]
    context = {
        **section(cluster, export=export, pair=known.serving),
        "known": known,
        "export": export,
        "allowed": allowed,
        "exported": detail.exported_by(export, known),
        "actions": offered.on_export(export, access.of(request).on(cluster), known.state, url),
        "address": address,
        "gets": what_gets(address, clients, cluster.service_ip or "") if address.strip() else None,
    }
    return render(request, "export.html", context)
