"""Points in time in words, for readers in `settings.DISPLAY_TIME_ZONE`; UTC is never far."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clusters.figures import span_text


@cache
def zone() -> ZoneInfo:
    return ZoneInfo(settings.DISPLAY_TIME_ZONE)


def zone_name() -> str:
    """Berlin for Europe/Berlin."""
    return str(settings.DISPLAY_TIME_ZONE).rsplit("/", 1)[-1].replace("_", " ")


def local(at: datetime) -> datetime:
    return at.astimezone(zone())


def hover(at: datetime) -> str:
    """22 Nov 2026, 12:07:10 Berlin · 11:07:10 UTC."""
    here = local(at)
    if settings.DISPLAY_TIME_ZONE == "UTC":
        return f"{here.day} {here:%b %Y, %H:%M:%S} UTC"
    there = at.astimezone(UTC)
    date = "" if there.date() == here.date() else f"{there.day} {there:%b} "
    return f"{here.day} {here:%b %Y, %H:%M:%S} {zone_name()} · {date}{there:%H:%M:%S} UTC"


def day_text(at: datetime, now: datetime | None = None) -> str:
    """Today, Yesterday, 20 November, 20 November 2025."""
    today = local(now or timezone.now()).date()
    date = local(at).date()
    days = (today - date).days
    if days == 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    return f"{date.day} {date:%B}" if date.year == today.year else f"{date.day} {date:%B %Y}"


def date_text(at: datetime, now: datetime | None = None) -> str:
    """today 11:52, yesterday 09:40, 12 Oct, 12 Oct 2025: as short as it can be said."""
    here, today = local(at), local(now or timezone.now()).date()
    days = (today - here.date()).days
    if days in (0, 1):
        return f"{'today' if days == 0 else 'yesterday'} {here:%H:%M}"
    return f"{here.day} {here:%b}" if here.year == today.year else f"{here.day} {here:%b %Y}"


def ago_text(at: datetime, now: datetime | None = None) -> str:
    """3 s ago, 4 min ago; from a day on the date."""
    moment = now or timezone.now()
    seconds = (moment - at).total_seconds()
    return f"{span_text(seconds)} ago" if seconds < 86400 else date_text(at, moment)


def tag(at: datetime, text: str, *, live: bool = False) -> SafeString:
    """A <time>; a live one is counted on by panel.js."""
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        hover(at),
        SafeString(" data-ago" if live else ""),
        text,
    )
