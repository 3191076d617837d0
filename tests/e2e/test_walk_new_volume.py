"""A volume and an export on a pair in service: typed, corrected, planned, run, and there afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.walking import Walker, admin, pair_in_service

pytestmark = pytest.mark.browser


@pytest.fixture
def walker(browser: Browser, running: Any) -> Walker:
    return admin(browser, running)


def test_a_volume_then_an_export(walker: Walker) -> None:
    slug = pair_in_service(walker)
    make_volume(walker, slug)
    publish(walker, slug)
    page = walker.go(f"/c/{slug}/")
    expect(page.locator("#vol-shop_assets")).to_contain_text("1 GiB")
    expect(page.locator("#exports")).to_contain_text("10.10.0.7")
    walker.follow("shop_assets")
    walker.look("volume")
    walker.go(f"/c/{slug}/")
    walker.follow("/srv/shop_assets")
    walker.look("export")
    walker.found_nothing_wrong()


def make_volume(walker: Walker, slug: str) -> None:
    page = walker.go(f"/c/{slug}/volumes/new/")
    page.get_by_label("Name").press_sequentially("Shop Assets")
    expect(page.locator("#notes-name .err-msg")).to_be_visible()
    page.get_by_label("Size").first.fill("5000")
    expect(page.locator("#space")).to_contain_text("beyond the end of")
    walker.look("volume-new-wrong")
    walker.press("Show the plan")
    expect(page.get_by_role("alert")).to_contain_text("things to change")
    expect(page.get_by_label("Name")).to_have_value("Shop Assets")
    expect(page.get_by_label("Size").first).to_have_value("5000")
    walker.look("volume-new-refused")
    page.get_by_label("Name").fill("shop_assets")
    page.get_by_label("Size").first.fill("1")
    expect(page.locator("#becomes")).to_contain_text("/srv/shop_assets")
    expect(page.locator("#notes-name .err-msg")).to_have_count(0)
    walker.press("Show the plan")
    run(walker, "volume")


def publish(walker: Walker, slug: str) -> None:
    page = walker.go(f"/c/{slug}/exports/new/")
    page.get_by_label("Volume", exact=True).select_option("shop_assets")
    page.locator("#id_c0-client").fill("10.10.0.0/24")
    walker.press_here("Add a client")
    page.locator("#id_c1-client").fill("10.10.0.7")
    page.locator("#id_c1-access").select_option("ro")
    expect(page.locator("#preview")).to_contain_text("10.10.0.0/24(rw")
    expect(page.locator("#preview")).to_contain_text("10.10.0.7(ro")
    walker.look("export-new")
    walker.press("Show the plan")
    run(walker, "export")


def run(walker: Walker, what: str) -> None:
    walker.page.locator("#ceremony").wait_for()
    walker.look(f"{what}-plan")
    walker.approve(reason="Ticket 4412, shop assets")
    walker.until_done()
    walker.look(f"{what}-done")


def test_the_form_works_without_javascript(walker: Walker, browser: Browser) -> None:
    slug = pair_in_service(walker)
    plain = Walker(browser, walker.server, walker.context.storage_state(), java_script_enabled=False)
    page = plain.go(f"/c/{slug}/volumes/new/")
    page.get_by_label("Name").fill("photos")
    page.get_by_label("Size").first.fill("5000")
    plain.press("Show the plan")
    expect(page.get_by_role("alert")).to_contain_text("One thing to change")
    expect(page.get_by_label("Name")).to_have_value("photos")
    expect(page.get_by_label("Size").first).to_have_value("5000")
    plain.press(re.compile(r"^Use \d+"))
    expect(page.locator(".err-msg")).to_have_count(0)
    page.get_by_label("Size").first.fill("1")
    plain.press("Show the plan")
    for _ in range(60):
        if page.get_by_role("button", name="Create photos").is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_role("heading", name="Steps and commands")).to_be_visible()
    plain.press("Call it off")
    expect(page.get_by_text("cancelled").first).to_be_visible()
    assert plain.sideways() <= 0
