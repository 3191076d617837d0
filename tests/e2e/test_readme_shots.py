"""The README's pictures. PANEL_README_SHOTS=1 writes them to docs/screenshots; otherwise they are only tried."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from clusters.models import ClusterState
from tests import stories
from tests.e2e.conftest import SHOTS, Visit
from tests.e2e.walking import admin, pair_in_service

DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
LARGEST = 300 * 1024
SHOWN_IN = ZoneInfo("Europe/Berlin")

pytestmark = pytest.mark.browser


def take(page: Page, name: str, width: int = 1440, height: int = 1000) -> None:
    page.set_viewport_size({"width": width, "height": height})
    target = (DOCS if os.environ.get("PANEL_README_SHOTS") else SHOTS) / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target, animations="disabled", caret="hide")
    assert target.stat().st_size <= LARGEST


def told_now() -> None:
    """The stories speak of their own day; a picture of them must agree with the clock beside it."""
    now = timezone.now()
    today = {"14:20": timedelta(minutes=133), "19:40": timedelta(hours=7.5), "11:52": timedelta(minutes=-15)}
    for state in ClusterState.objects.all():
        for told, away in today.items():
            moment = (now + away).astimezone(SHOWN_IN)
            state.sentence = state.sentence.replace(told, f"{moment:%H:%M}")
        state.save(update_fields=["sentence"])


@pytest.mark.django_db(transaction=True)
def test_fleet_cluster_and_history(visit: Callable[..., Visit], ada: Any) -> None:
    stories.audit_log(stories.fleet())
    told_now()
    take(visit(ada).go("/"), "fleet")
    take(visit(ada).go("/c/web-files/"), "cluster", height=1180)
    take(visit(ada, theme="dark").go("/c/mail-store/"), "split-brain-dark")
    take(visit(ada).go("/c/web-files/failovers/"), "failovers")
    take(visit(ada, 390).go("/c/web-files/"), "phone", 390, 844)


def test_plan_and_running_job(browser: Browser, running: Any) -> None:
    walker = admin(browser, running)
    page = walker.go(f"/c/{pair_in_service(walker)}/volumes/new/")
    page.get_by_label("Name").fill("web_files")
    page.get_by_label("Size").first.fill("1")
    walker.press("Show the plan")
    page.locator("#ceremony").wait_for()
    take(page, "plan", height=1180)
    walker.approve(reason="Ticket 4412, shop assets")
    expect(page.locator(".run > li").nth(2)).to_contain_text("command", timeout=60_000)
    take(page, "job", height=800)
    walker.until_done()
