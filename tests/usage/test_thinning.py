"""Which samples stay at which age, and that thinning again takes nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters import thinning

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=5)


def every(step: timedelta, first: timedelta, last: timedelta) -> list[datetime]:
    """Moments from `first` ago to `last` ago."""
    moments, moment = [], NOW - first
    while moment <= NOW - last:
        moments.append(moment)
        moment += step
    return moments


DAYS = timedelta(days=1)
CASES = {
    "nothing": ([], 0),
    "two days of five minutes stay": (every(MINUTES, 2 * DAYS, timedelta()), 577),
    "older than two days: one an hour": (every(MINUTES, 4 * DAYS, 3 * DAYS), 25),
    "older than two months: one a day": (every(timedelta(hours=1), 70 * DAYS, 65 * DAYS), 6),
    "older than two years: none": (every(DAYS, 800 * DAYS, 732 * DAYS), 0),
    "one of each hour stays one of each hour": (every(timedelta(hours=1), 60 * DAYS, 50 * DAYS), 241),
    "ahead of the clock": ([NOW + timedelta(hours=1)], 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_left(name: str):
    moments, left = CASES[name]
    assert len(set(moments) - thinning.gone(moments, NOW)) == left


def test_the_first_of_an_hour_stands_for_it():
    hour = NOW - 3 * DAYS
    assert thinning.gone([hour, hour + MINUTES, hour + 2 * MINUTES], NOW) == {hour + MINUTES, hour + 2 * MINUTES}


@given(st.lists(st.integers(0, 60 * 24 * 800), unique=True, max_size=200))
def test_thinning_again_takes_nothing_more(minutes: list[int]):
    moments = {NOW - timedelta(minutes=number) for number in minutes}
    left = moments - thinning.gone(moments, NOW)
    assert not thinning.gone(left, NOW)
    assert all(NOW - moment > thinning.FINE for moment in moments - left)


@pytest.mark.parametrize(
    ("last", "now", "answer"),
    [
        (None, NOW, True),
        (NOW - timedelta(minutes=4), NOW, False),
        (NOW - timedelta(minutes=5), NOW, True),
        (NOW + timedelta(minutes=1), NOW, False),
        (NOW + timedelta(days=1), NOW, True),
    ],
)
def test_when_one_is_due(last: datetime | None, now: datetime, answer: bool):
    assert thinning.due(last, now) is answer
