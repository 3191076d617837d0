"""Which snapshots stay: a table of moments and what is left of them, across gaps and changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.retention import Keeps, kept, next_run

BERLIN, LONDON, HAVANA = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London"), ZoneInfo("America/Havana")


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def every(hours: int, first: str, last: str) -> list[datetime]:
    moments, moment = [], at(first)
    while moment <= at(last):
        moments.append(moment)
        moment += timedelta(hours=hours)
    return moments


def left(taken: list[datetime], keeps: Keeps, zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{moment:%m-%d %H:%M}" for moment in sorted(kept(taken, keeps, zone))]


CASES = {
    "nothing taken": ([], Keeps(24, 7, 4), []),
    "fewer than are kept": ([at("2026-06-01 10:00")], Keeps(hourly=3), ["06-01 10:00"]),
    "the latest hours": (every(1, "2026-06-01 06:00", "2026-06-01 12:00"), Keeps(hourly=2), ["06-01 11:00", "06-01 12:00"]),
    "two in one hour: the first stands for it": (
        [at("2026-06-01 10:01"), at("2026-06-01 10:40"), at("2026-06-01 11:00")], Keeps(hourly=2), ["06-01 10:01", "06-01 11:00"],
    ),
    "the first of each day, by the people's midnight": (  # 22:00 UTC is midnight in Berlin in summer
        every(1, "2026-06-01 20:00", "2026-06-03 23:00"), Keeps(daily=2), ["06-02 22:00", "06-03 22:00"],
    ),
    "the first of each week": (every(24, "2026-06-01 12:00", "2026-06-30 12:00"), Keeps(weekly=2), ["06-22 12:00", "06-29 12:00"]),
    "hours, days and weeks together": (
        every(6, "2026-06-01 04:00", "2026-06-17 04:00"), Keeps(2, 2, 2),
        ["06-07 22:00", "06-14 22:00", "06-15 22:00", "06-16 22:00", "06-17 04:00"],
    ),
    "a gap of a month drops nothing": (
        [at("2026-05-01 00:00"), at("2026-05-02 00:00"), at("2026-06-03 00:00")], Keeps(daily=3),
        ["05-01 00:00", "05-02 00:00", "06-03 00:00"],
    ),
    "the hour that comes twice is two hours": (  # 25 October 2026, 03:00 → 02:00 in Berlin: 00:30 and 01:30 UTC are both 02:30
        [at("2026-10-25 00:30"), at("2026-10-25 01:30")], Keeps(hourly=2), ["10-25 00:30", "10-25 01:30"],
    ),
    "a day of 25 hours is one day": (every(1, "2026-10-24 22:00", "2026-10-25 22:00"), Keeps(daily=1), ["10-24 22:00"]),
    "a day of 23 hours is one day": (every(1, "2026-03-28 23:00", "2026-03-29 21:00"), Keeps(daily=1), ["03-28 23:00"]),
    "the turn of the year lies within one week": (
        [at("2026-12-30 12:00"), at("2027-01-02 12:00"), at("2027-01-04 12:00")], Keeps(weekly=2), ["12-30 12:00", "01-04 12:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("taken", "keeps", "stays"), CASES.values(), ids=CASES)
def test_which_stay(taken: list[datetime], keeps: Keeps, stays: list[str]):
    assert sorted(left(taken, keeps)) == sorted(stays)


NEXT = [
    ("2026-06-01 10:00", Keeps(hourly=1), BERLIN, "2026-06-01 11:00"),
    ("2026-06-01 10:59", Keeps(hourly=1, weekly=1), BERLIN, "2026-06-01 11:00"),
    ("2026-06-01 10:00", Keeps(daily=1), BERLIN, "2026-06-01 22:00"),
    ("2026-06-01 22:00", Keeps(daily=1), BERLIN, "2026-06-02 22:00"),
    ("2026-06-01 10:00", Keeps(weekly=1), LONDON, "2026-06-07 23:00"),
    ("2026-10-24 21:59", Keeps(daily=1), BERLIN, "2026-10-24 22:00"),
    ("2026-10-24 22:00", Keeps(daily=1), BERLIN, "2026-10-25 23:00"),  # after a day of 25 hours
    ("2026-03-28 23:00", Keeps(daily=1), BERLIN, "2026-03-29 22:00"),  # after a day of 23 hours
    ("2026-03-07 12:00", Keeps(daily=1), HAVANA, "2026-03-08 05:00"),  # midnight does not exist on that day there
]


@pytest.mark.parametrize(("after", "keeps", "zone", "due"), NEXT)
def test_when_the_next_one_is_due(after: str, keeps: Keeps, zone: ZoneInfo, due: str):
    assert next_run(at(after), keeps, zone) == at(due)


MOMENTS = st.lists(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 3, 1)).map(lambda moment: moment.replace(tzinfo=UTC)), max_size=60
)
COUNTS = st.builds(Keeps, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))


@settings(deadline=None)
@given(MOMENTS, COUNTS)
def test_never_more_than_asked_and_a_second_look_drops_nothing(taken: list[datetime], keeps: Keeps):
    stay = kept(taken, keeps, BERLIN)
    assert stay <= set(taken)
    assert len(stay) <= keeps.most
    assert kept(stay, keeps, BERLIN) == stay


@settings(deadline=None)
@given(MOMENTS, COUNTS, st.datetimes(datetime(2027, 3, 2), datetime(2027, 4, 1)))
def test_what_was_dropped_would_not_be_missed_later(taken: list[datetime], keeps: Keeps, later: datetime):
    """Dropping at once and dropping after the next one was taken end the same."""
    newer = later.replace(tzinfo=UTC)
    at_once = kept([*kept(taken, keeps, BERLIN), newer], keeps, BERLIN)
    assert at_once == kept([*taken, newer], keeps, BERLIN)


@settings(deadline=None)
@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 3, 1)), COUNTS)
def test_the_next_one_is_always_later(after: datetime, keeps: Keeps):
    moment = after.replace(tzinfo=UTC)
    if keeps.most:
        assert moment < next_run(moment, keeps, HAVANA) <= moment + timedelta(days=8)
