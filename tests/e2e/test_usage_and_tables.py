"""The usage chart and the tables of the whole fleet, in both themes and on a phone: nothing beside the page, nothing axe complains about."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clusters.findings import blocker, warning
from clusters.models import UsageSample, VolumeUsage
from provisioning.models import Batch, BatchRow
from tests import many, stories
from tests.batches import answering
from tests.e2e import job_stories
from tests.e2e.conftest import Visit
from tests.e2e.snapshot_stories import snapshots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GIB = 1024**3
LOOKS = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


def past() -> None:
    """Two weeks of a volume that fills and is cleared a little at night; nobody looked for ten hours; it was grown once."""
    volume = stories.web_files().volumes.get(name="www_uploads")
    now = timezone.now()
    minutes = [*range(0, 2880, 5), *range(2880, 14 * 1440, 60)]
    UsageSample.objects.bulk_create(
        UsageSample(
            volume=volume,
            at=now - timedelta(minutes=m),
            size=(200 if m < 6000 else 180) * GIB,
            used=int((150 - m / 1440 * 3 + 2 * math.sin(m / 229)) * GIB),
        )
        for m in minutes
        if not 8000 < m < 8600
    )
    VolumeUsage.objects.filter(volume=volume).update(
        read_at=now, size=200 * GIB, used=150 * GIB, inodes=104_857_600, inodes_used=3_120_553
    )


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_usage_of_a_volume(visit: Callable[..., Visit], olga: Any, width: int, theme: str) -> None:
    past()
    tab = visit(olga, width, theme=theme)
    page = tab.go("/c/web-files/volumes/www_uploads/")
    page.locator("#usage-figures summary").click()
    assert page.locator("#usage svg.chart:visible").count() == 1
    assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
    tab.shot(f"usage-{width}-{theme}")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_tables_of_the_fleet(visit: Callable[..., Visit], olga: Any, width: int, theme: str) -> None:
    many.fill_up([stories.web_files()], 60, 120)
    tab = visit(olga, width, theme=theme)
    for name in ("volumes", "exports"):
        page = tab.go(f"/{name}/")
        page.locator("#filters [name=q]").fill("www_up")
        expect(page.locator("#table tbody tr")).to_have_count(1)
        assert "q=www_up" in page.url
        page.go_back()
        expect(page.locator("#table tbody tr")).to_have_count(50)
        page.locator("#page-after").click()
        expect(page.locator("#page-before")).to_be_visible()
        assert "page=2" in page.url and not tab.complaints
        page = tab.go(f"/{name}/")
        assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
        tab.shot(f"{name}-{width}-{theme}")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_rows_from_csv(visit: Callable[..., Visit], olga: Any, width: int, theme: str) -> None:
    stories.make_pair("web-files", volumes=(("data", 100, 90),))
    tab = visit(olga, width, theme=theme)
    page = tab.go("/volumes/import/")
    assert tab.sideways() <= 0 and not tab.complaints
    rows = [
        "cluster,name,size,fstype",
        *(f"web-files,home{n},20 GiB,xfs" for n in range(6)),
        "web-files,Home,20 GB,zfs",
        "x,a,1 GiB,",
    ]
    page.locator("#i2").fill("\n".join(rows))
    page.get_by_role("button", name="Look at every row").click()
    expect(page.get_by_text("Reading both nodes.")).to_be_visible()
    tab.shot(f"batch-asked-{width}-{theme}")
    room = warning(
        "vg.little-room", "After this vg_data has 4 GiB left.", hint="Grow the resource, or think of snapshots."
    )
    taken = blocker(
        "lv.exists", "vg_data/home3 exists already, and the panel did not make it.", hint="Choose another name."
    )
    plan = job_stories.volume_plan()
    answering.answer(
        Batch.objects.latest("pk"), {3: replace(plan, findings=(room,)), 5: replace(plan, findings=(taken,)), 2: plan}
    )
    expect(page.get_by_role("button", name="Add 5 to web-files")).to_be_visible(timeout=15_000)
    assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
    tab.shot(f"batch-{width}-{theme}")
    page.locator("a[href$='/lines/5/']").click()
    expect(page.get_by_text("This row will not be run.")).to_be_visible()
    assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
    tab.shot(f"batch-line-{width}-{theme}")
    page.go_back()
    page.go_back()
    assert not tab.violations()
    tab.shot(f"import-{width}-{theme}")


def test_a_batch_is_stopped(visit: Callable[..., Visit], olga: Any) -> None:
    """On a phone, dark: one button, and the page says which lines were not done, as the log does."""
    stories.make_pair("web-files", volumes=(("data", 100, 90),))
    tab = visit(olga, 390, theme="dark")
    page = tab.go("/volumes/import/")
    page.locator("#i2").fill(
        "\n".join(["cluster,name,size,fstype", *(f"web-files,home{n},2 GiB,xfs" for n in range(3))])
    )
    page.get_by_role("button", name="Look at every row").click()
    expect(page.get_by_text("Reading both nodes.")).to_be_visible()
    answering.answer(Batch.objects.latest("pk"))
    page.get_by_role("button", name="Add 3 to web-files").click(timeout=15_000)
    page.get_by_role("button", name="Stop after the row that runs").click()
    expect(page.get_by_text("olga stopped it. Not done: lines 2, 3, 4.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop after the row that runs")).to_have_count(0)
    assert not BatchRow.objects.exclude(status="left").exists()
    assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
    tab.shot("batch-stopped-390-dark")


@pytest.mark.parametrize("width", [768, 1000])
def test_nothing_is_scrolled_sideways_between_phone_and_desk(visit: Callable[..., Visit], ada: Any, width: int) -> None:
    stories.fleet()
    snapshots()
    tab = visit(ada, width)
    for path in ("/", "/exports/", "/volumes/", "/c/web-files/"):
        tab.go(path)
        assert tab.sideways() == 0, path
