"""What the rules of `health` are made of: a case to judge, reasons to give, and figures as sentences tell them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clusters.findings import Finding, Severity
from clusters.sight import PairView
from clusters.states import Health


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding with what it makes of the cluster; `counts` False: told, but it does not colour the cluster."""

    health: Health
    finding: Finding
    sentence: str = ""
    detail: str = ""
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    pair: PairView
    now: datetime
    last_pause: float | None = field(default=None)


def hurt(
    code: str, text: str, sentence: str, *, detail: str = "", hint: str = "", node: str = "", hazard: int = 0
) -> Reason:
    return Reason(Health.DANGER, Finding(code, Severity.BLOCKER, text, hint, "", node, hazard), sentence, detail)


def warns(health: Health, finding: Finding, sentence: str, detail: str = "") -> Reason:
    return Reason(health, finding, sentence, detail)


def ok(code: str, text: str, *, hazard: int = 0) -> Reason:
    return Reason(Health.OK, Finding(code, Severity.OK, text, hazard=hazard))


def span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"


def as_percent(value: float) -> str:
    return f"{min(max(value, 0.0), 100.0):.0f} %"


def clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S")


def soon(now: datetime, eta: int) -> str:
    moment = now + timedelta(seconds=eta)
    return moment.strftime("%H:%M") if moment.date() == now.date() else moment.strftime("%-d %b %H:%M")
