"""The cells of a row of the fleet. Text is escaped here, as in the pictures: thirty rows from templates would take longer than all else."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from django.utils.safestring import SafeString

from clusters.figures import pause_text
from clusters.models import Cluster
from clusters.templatetags.panel import bar, day, moment, percent, sentence
from clusters.verdict import Verdict

FULL_FROM = 90  # percent
CAUSES = {
    "": "moved",
    "failover": "failover",
    "switchover": "switchover",
    "start": "started",
    "stop": "stopped",
    "unclean": "unclean",
}


class Fullest(NamedTuple):
    name: str
    percent: float
    read_at: datetime


class LastMove(NamedTuple):
    at: datetime
    cause: str
    pause: float | None


def heading(cluster: Cluster, fleet_url: str) -> SafeString:
    labels = "".join(
        f'<a class="lab" href="{fleet_url}?label={quote(label)}">{escape(label)}</a>' for label in cluster.label_list
    )
    simulated = '<span class="lab">simulated</span>' if cluster.simulated else ""
    slug = escape(cluster.slug)
    return SafeString(f'<h3><a id="to-{slug}" href="{cluster.get_absolute_url()}">{slug}</a>{labels}{simulated}</h3>')


def says(told: Verdict) -> SafeString:
    more = f" {escape(told.detail)}" if told.blind else ""
    return SafeString(f'<p class="sent">{sentence(told.kind, told.sentence)}{more}</p>')


def fill(fullest: Fullest | None, serving: str) -> SafeString:
    """The fullest volume; with its age when nobody is seen to serve it."""
    if fullest is None:
        return SafeString("")
    figure, age = percent(fullest.percent), ""
    if not serving:
        figure = f'<span class="stale">{figure}</span>'
        age = f'<span class="two">as of {moment(fullest.read_at)}</span>'
    elif fullest.percent >= FULL_FROM:
        figure = f'{bar(fullest.percent, "warn")}<span class="strong c-warn">{figure}</span>'
    else:
        figure = f'{bar(fullest.percent)}<span class="strong">{figure}</span>'
    name = f'<code class="muted wrapany">{escape(fullest.name)}</code>'
    return SafeString(f'<span class="lbl">Fullest volume</span>{figure} {name}{age}')


def service(cluster: Cluster, serving: str, kind: str) -> SafeString:
    where = f"on {escape(serving)}" if serving else "nobody seen to serve" if kind != "idle" else ""
    second = f'<span class="two">{where}</span>' if where else ""
    address = escape(cluster.service_ip or "not set")
    return SafeString(f'<span class="lbl">Service IP</span><span>{address}</span>{second}')


def last_move(last: LastMove | None) -> SafeString:
    when = day(last.at) if last else "none"
    words = escape(_last_words(last))
    return SafeString(f'<span class="lbl">Last failover</span><span>{when}</span><span class="two">{words}</span>')


def _last_words(last: LastMove | None) -> str:
    if last is None:
        return "no move seen yet"
    cause = CAUSES.get(last.cause, last.cause)
    return f"{cause}, {pause_text(last.pause)}" if last.pause is not None else cause
