"""Pages where the volume group has a thin pool that fills up, and the table with forecasts, in both themes and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clusters.models import Cluster, NodeState, Snapshot, SnapshotState, VolumeUsage
from clusters.states import Inventory
from tests import stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GIB = 1024**3
LOOKS = [(1440, "light"), (390, "dark")]
POOL = {"name": "pool0", "size": 60 * GIB, "promised": 90 * GIB, "data": 83.4, "metadata": 12.1, "broken": False}


def pair() -> Cluster:
    cluster = stories.make_pair("web-files", volumes=(("data", 100, 90), ("homes", 40, 61), ("shop", 40, 48)))
    NodeState.objects.filter(node__name="alice").update(pools=[POOL])
    shop = cluster.volumes.get(name="shop")
    cluster.volumes.filter(pk=shop.pk).update(pool="pool0")
    row = Snapshot.objects.create(
        volume=shop, name="before", lv="shop-before", size=40 * GIB, inventory=Inventory.PRESENT
    )
    SnapshotState.objects.create(snapshot=row, read_at=timezone.now())
    now = timezone.now()
    for name, days in (("data", 9), ("homes", 130)):
        moments = {
            "full_at": now + timedelta(days=days),
            "full_soonest": now + timedelta(days=days * 0.8),
            "full_latest": now + timedelta(days=days * 1.5),
        }
        VolumeUsage.objects.filter(volume__name=name).update(verdict="grows", foretold_at=now, **moments)
    VolumeUsage.objects.filter(volume__name="shop").update(verdict="still", foretold_at=now)
    return cluster


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_a_pool_and_its_volumes(visit: Callable[..., Visit], olga: Any, width: int, theme: str) -> None:
    pair()
    tab = visit(olga, width, theme=theme)
    for name, address in (
        ("cluster", "/c/web-files/"),
        ("volume", "/c/web-files/volumes/shop/"),
        ("snapshot", "/c/web-files/volumes/shop/snapshots/before/"),
        ("take", "/c/web-files/volumes/shop/snapshots/new/"),
        ("table", "/volumes/?order=full"),
    ):
        tab.go(address)
        assert tab.sideways() <= 0 and not tab.complaints and not tab.violations(), name
        tab.shot(f"thin-{name}-{width}-{theme}")


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_a_new_volume_may_be_thin(visit: Callable[..., Visit], olga: Any, width: int, theme: str) -> None:
    pair()
    tab = visit(olga, width, theme=theme)
    page = tab.go("/c/web-files/volumes/new/")
    expect(page.get_by_label("Thick: all of its room is reserved")).to_be_checked()
    page.get_by_label("Name", exact=True).fill("mail")
    page.locator("[name=size]").fill("50")
    page.get_by_label("Thin, in pool0: takes room as it is written to").check()
    expect(page.get_by_text("140 GiB promised with this (233 %)")).to_be_visible()
    assert tab.sideways() <= 0 and not tab.complaints and not tab.violations()
    tab.shot(f"thin-new-{width}-{theme}")
