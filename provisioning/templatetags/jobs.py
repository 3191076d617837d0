"""Filters of the job pages: durations with a tenth of a second, the kind of a host key; and the job that others wait for."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clusters.figures import span_text
from clusters.models import Cluster, Volume
from provisioning import in_the_way as way
from provisioning.pages import fingerprints
from provisioning.render.heartbeat import with_quotas

register = template.Library()


@register.filter
def span_exact(seconds: float) -> str:
    """0.4 s, 7 s, 2 min 5 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


@register.filter
def since(value: datetime | None) -> SafeString:
    """18 s, counted on while the page is open."""
    if value is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" data-since>{}</time>',
        value.isoformat(),
        span_text((timezone.now() - value).total_seconds()),
    )


@register.filter
def key_kind(line: str) -> str:
    return fingerprints.kind(line)


@register.filter
def mounted_with(volume: Volume) -> str:
    """The options that the service group mounts it with: what was asked for, and quotas."""
    asked = tuple(option for option in volume.mount_options.split(",") if option)
    return ",".join(with_quotas(volume.fstype, asked)) or "defaults"


@register.inclusion_tag("provisioning/_in_the_way.html")
def in_the_way(cluster: Cluster, shown: str = "") -> dict[str, object]:
    """Say which job other changes wait for; `shown` names the volume or directory of the page."""
    found = way.of(cluster)
    return {"found": found, "own": bool(shown) and found is not None and found.object == shown}
