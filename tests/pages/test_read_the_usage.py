"""The usage of a volume: chart, forecast, figures for those who cannot see the chart, inodes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters.models import UsageSample, VolumeUsage
from tests import stories

pytestmark = pytest.mark.django_db
GIB = 1024**3
PAGE = "/c/web-files/volumes/web_files/"


@pytest.fixture
def past(db: None) -> None:
    """Two weeks of samples each hour, a gib a day, a day missing; 16 of 40 GiB are left."""
    volume = stories.web_files().volumes.get(name="web_files")
    now = timezone.now()
    UsageSample.objects.bulk_create(
        UsageSample(volume=volume, at=now - timedelta(hours=h), size=40 * GIB, used=24 * GIB - h * GIB // 24)
        for h in range(14 * 24)
        if not 100 < h < 124
    )
    VolumeUsage.objects.filter(volume=volume).update(
        read_at=now, size=40 * GIB, used=24 * GIB, inodes=2_621_440, inodes_used=2_500_000
    )


def page(client: Client, person: Any, address: str = PAGE) -> str:
    client.force_login(person)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_it_foretells_and_draws(client: Client, vera: Any, past: None):
    html = page(client, vera)
    assert "Full in about 16 days at this rate." in html
    assert "It grows by about 1 GiB a day" in html, html[html.index("Full in") :][:300]
    chart = html[html.index("chart usage only-wide") :]
    chart = chart[: chart.index("</svg>")]
    assert "Used space of web_files from" in chart and "of 40 GiB, lowest" in chart
    assert chart.count('class="use"') == 2  # the gap is not drawn over
    assert chart.count('class="use proj"') == 1
    assert "chart usage only-narrow" in html
    assert (
        "2 500 000 of 2 621 440 used".replace(" ", "\u202f")
        .replace("\u202fof\u202f", " of ")
        .replace("\u202fused", " used")
        in html
    )


@pytest.mark.parametrize("span", ["2d", "2w", "2m", "2y", "nonsense"])
def test_the_range_stands_in_the_address(client: Client, vera: Any, past: None, span: str):
    html = page(client, vera, f"{PAGE}?span={span}")
    current = "2w" if span == "nonsense" else span
    assert f'<a href="?span={current}#usage" aria-current="true">' in html


def test_without_samples_it_says_so(client: Client, vera: Any):
    stories.web_files()
    html = page(client, vera)
    assert "Too early to tell when it will be full." in html and "The chart begins with the second sample" in html


def test_the_number_of_queries_does_not_grow_with_the_samples(client: Client, vera: Any, past: None):
    page(client, vera)
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    UsageSample.objects.all().delete()
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    assert len(many) == len(few)
