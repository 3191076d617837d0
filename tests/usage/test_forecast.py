"""When a volume will be full, from samples of every kind; and that it is not told when it cannot be."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from clusters.forecast import Forecast, Point, Verdict, forecast
from clusters.usage_history import told

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GIB = 1024**3


def points(days: float, used: Callable[[float], float], *, step: float = 1 / 24, size: int = 100) -> list[Point]:
    """Samples of the last `days`; `used` gives GiB at so many days before now, as a negative number."""
    count = round(days / step)
    moments = [-days + step * k for k in range(count + 1)]
    return [Point(NOW + timedelta(days=at), size * GIB, int(used(at) * GIB)) for at in moments]


def noisy(seed: int, much: float) -> Callable[[float], float]:
    source = random.Random(seed)  # noqa: S311 - a test's noise
    return lambda at: source.uniform(-much, much)


CASES = {
    "no sample": ([], Verdict.TOO_FEW, None),
    "one sample": (points(0, lambda at: 50), Verdict.TOO_FEW, None),
    "half a day": (points(0.5, lambda at: 50 + at), Verdict.TOO_FEW, None),
    "a few samples over a week": (points(7, lambda at: 50 + at, step=1), Verdict.TOO_FEW, None),
    "grows evenly": (points(14, lambda at: 60 + 2 * at), Verdict.GROWS, 20.0),
    "grows, seen for two days": (points(2, lambda at: 90 + at, step=1 / 288), Verdict.GROWS, 10.0),
    "grows and is old": (points(40, lambda at: 60 + 2 * at)[: 24 * 20], Verdict.TOO_FEW, None),
    "grows too slowly to matter": (points(14, lambda at: 50 + 0.001 * at), Verdict.STILL, None),
    "does not change": (points(14, lambda at: 50), Verdict.STILL, None),
    "gets emptier": (points(14, lambda at: 50 - at), Verdict.SHRINKS, None),
    "full": (points(14, lambda at: 100 + at), Verdict.FULL, 0.0),
    "noise around a level": (points(14, lambda at, n=noisy(1, 8): 50 + n(at)), Verdict.UNCLEAR, None),
    "a saw: filled and cleared every three days": (points(14, lambda at: 30 + 10 * (at % 3)), Verdict.UNCLEAR, None),
    "one big removal in the middle": (points(14, lambda at: 80 + 2 * at if at < -7 else 50 + 2 * at), Verdict.UNCLEAR, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_verdict(name: str):
    samples, verdict, days = CASES[name]
    found = forecast(samples, NOW)
    assert found.verdict is verdict
    assert found.days == (pytest.approx(days, rel=0.01) if days is not None else None)


def test_noise_widens_the_spread_and_keeps_the_truth_inside():
    even = forecast(points(14, lambda at: 60 + 2 * at), NOW)
    inside = 0
    for seed in range(40):
        noise = noisy(seed, 4)
        rough = forecast(points(14, lambda at, n=noise: 60 + 2 * at + n(at)), NOW)
        assert rough.verdict is Verdict.GROWS and rough.spread > even.spread
        assert rough.soonest and rough.latest and rough.soonest < (rough.days or 0) < rough.latest
        inside += abs(rough.rate / GIB - 2) <= rough.spread / GIB
    assert inside >= 34  # 95 % of 40 are 38


def test_hours_that_were_looked_at_more_often_do_not_weigh_more():
    seldom = points(12, lambda at: 60 + at)
    often = points(2, lambda at: 60 + at, step=1 / 288)
    mixed = sorted({*seldom[: 24 * 10], *often}, key=lambda p: p.at)
    assert forecast(mixed, NOW).rate == pytest.approx(forecast(seldom, NOW).rate, rel=0.02)


def test_a_volume_that_was_grown_is_full_later():
    small = points(14, lambda at: 60 + 2 * at)
    grown = [Point(p.at, 200 * GIB if p.at > NOW - timedelta(days=1) else p.size, p.used) for p in small]
    assert forecast(grown, NOW).days == pytest.approx(70, rel=0.01)


WORDS = {
    "grows evenly": ("warn", "Full in about 20 days at this rate."),
    "does not change": ("ok", "It hardly changes."),
    "gets emptier": ("ok", "It gets emptier, by about 1 GiB a day, ± 0 bytes."),
    "half a day": ("idle", "Too early to tell when it will be full."),
    "noise around a level": ("idle", "It cannot be told when it will be full: it goes up and down too much."),
    "full": ("warn", "It is full."),
}


@pytest.mark.parametrize("name", WORDS)
def test_it_is_said_in_words(name: str):
    found = told(forecast(CASES[name][0], NOW), NOW)
    assert (found.kind, found.sentence) == WORDS[name]


@pytest.mark.parametrize(
    ("minutes", "said"), [(1, "a minute"), (7, "7 minutes"), (59, "59 minutes"), (60, "an hour"), (150, "2 hours")]
)
def test_it_is_said_how_long_it_was_watched(minutes: int, said: str):
    seen = points(minutes / 1440, lambda at: 60, step=1 / 1440)
    assert told(forecast(seen, NOW), NOW).detail.startswith(f"It was watched for {said} so far;")


def test_the_spread_is_said_and_an_open_end_too():
    said = told(Forecast(Verdict.GROWS, GIB, GIB, 30.0, 15.0, None, 14.0), NOW)
    assert (
        said.detail == "Not before 15 days; perhaps never. It grows by about 1 GiB a day, ± 1 GiB, seen over 14 days."
    )
    said = told(Forecast(Verdict.GROWS, GIB, GIB, 30.0, 15.0, 700.0, 14.0), NOW)
    assert said.detail.startswith("Probably between 15 days and 23 months.")
