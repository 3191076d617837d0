"""The forecast as it is kept with each volume's last reading, and as the table of volumes tells, sorts and filters by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.foretold import told
from clusters.models import Cluster, UsageSample, VolumeUsage
from provisioning.monitor.usage import AT_ONCE
from tests import factories, stories
from tests.usage.test_monitor_keeps_usage import T0, mount, sweep

pytestmark = pytest.mark.django_db
GIB = 1024**3


def past(cluster: Cluster, name: str, a_day: int, *, days: int = 10) -> None:
    """Samples of ten days, one an hour, that lead to what `mount(name, 500)` shows of 1000 at T0."""
    volume = cluster.volumes.get(name=name)
    hours = range(1, days * 24)
    UsageSample.objects.bulk_create(
        UsageSample(volume=volume, at=T0 - timedelta(hours=h), size=1000, used=500 - a_day * h / 24 + h % 2)
        for h in hours
    )


def test_the_forecast_is_kept_with_its_spread_as_moments(web_files: Cluster):
    past(web_files, "media", 20)
    sweep(web_files, 0, mount("media", 500))
    row = VolumeUsage.objects.get(volume__name="media")
    assert (row.foretold_at, row.verdict) == (T0, "grows")
    assert row.full_at and row.full_soonest and row.full_latest
    assert row.full_soonest < row.full_at < row.full_latest
    assert abs((row.full_at - T0).days - 25) <= 1
    assert told(row, T0).word == "25 days" and told(row, T0).kind == "warn"
    sweep(web_files, 1, mount("media", 501))
    assert VolumeUsage.objects.get(pk=row.pk).full_at == row.full_at  # the next one in an hour
    sweep(web_files, 61, mount("media", 501))
    assert VolumeUsage.objects.get(pk=row.pk).foretold_at == T0 + timedelta(minutes=61)


@pytest.mark.parametrize(("a_day", "word"), [(0, "not foreseen"), (-20, "not foreseen"), (2, "8 months")])
def test_what_does_not_fill_soon_is_said_in_words(web_files: Cluster, a_day: int, word: str):
    past(web_files, "media", a_day)
    sweep(web_files, 0, mount("media", 500))
    assert told(VolumeUsage.objects.get(volume__name="media"), T0).word == word


def test_an_old_forecast_is_none(web_files: Cluster):
    past(web_files, "media", 20)
    sweep(web_files, 0, mount("media", 500))
    row = VolumeUsage.objects.get(volume__name="media")
    assert told(row, T0 + timedelta(days=2)).word == "not known" == told(None, T0).word


def test_a_few_volumes_have_their_turn_on_each_sweep_with_the_same_number_of_queries(web_files: Cluster):
    names = [f"v{number}" for number in range(3 * AT_ONCE)]
    for name in names:
        factories.make_volume(web_files, name)
    found, counts = [], []
    for minutes in (0, 6, 12, 18):
        with CaptureQueriesContext(connection) as asked:
            sweep(Cluster.objects.get(), minutes, *(mount(name, 1) for name in names))
        counts.append(len(asked))
        found.append(VolumeUsage.objects.exclude(foretold_at=None).count())
    assert found == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE, 3 * AT_ONCE]
    assert max(counts) - min(counts) <= 2  # a query for samples; a volume that has its hour to be thinned


@pytest.fixture
def three(db: None) -> None:
    """data is full in 20 days, log in 200, tmp shrinks, old was never foretold."""
    cluster = stories.make_pair(
        "web", volumes=(("data", 100, 50), ("log", 100, 50), ("tmp", 100, 50), ("old", 100, 50))
    )
    now = timezone.now()

    def set_to(name: str, **values: Any) -> None:
        VolumeUsage.objects.filter(volume__cluster=cluster, volume__name=name).update(foretold_at=now, **values)

    for name, days in (("data", 20), ("log", 200)):
        moments = [now + timedelta(days=days * share, hours=1) for share in (1, 0.8, 1.4)]
        set_to(name, verdict="grows", full_at=moments[0], full_soonest=moments[1], full_latest=moments[2])
    set_to("tmp", verdict="shrinks")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?order=full", ["data", "log", "old", "tmp"]),
        ("?order=-full", ["log", "data", "old", "tmp"]),
        ("?soon=week", []),
        ("?soon=month", ["data"]),
        ("?soon=year", ["data", "log"]),
        ("?soon=nonsense", ["data", "log", "old", "tmp"]),
    ],
)
def test_the_table_is_sorted_and_filtered_by_it(three: None, client: Client, vera: Any, query: str, found: list[str]):
    client.force_login(vera)
    answer = client.get(f"/volumes/{query}")
    assert [row.volume.name for row in answer.context["table"].rows] == found
    if query == "?order=full":
        html = answer.content.decode()
        assert "20 days" in html and "16 days to 28 days" in html and "not foreseen" in html and "not known" in html


def test_a_forecast_that_nobody_made_anew_is_not_sorted_by(three: None, client: Client, vera: Any):
    VolumeUsage.objects.filter(volume__name="data").update(foretold_at=timezone.now() - timedelta(days=3))
    client.force_login(vera)
    assert [row.volume.name for row in client.get("/volumes/?soon=year").context["table"].rows] == ["log"]
    written = b"".join(client.get("/volumes/?format=csv&order=full"))  # type: ignore[call-overload]
    assert b"full_at,full_soonest,full_latest" in written
