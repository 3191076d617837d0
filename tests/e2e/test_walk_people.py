"""Who sees what, who may do what, and what is written down about it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.walking import PASSWORD, Walker, admin, pair_in_service, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def walker(browser: Browser, running: Any) -> Walker:
    return admin(browser, running)


def add_person(walker: Walker, name: str, level: str) -> Page:
    page = walker.go("/people/")
    form = page.locator("#add")
    form.locator("[name=username]").fill(name)
    form.locator("[name=password]").fill(PASSWORD)
    form.locator("[name=level]").select_option(level)
    form.get_by_role("button", name="Add the person").click()
    expect(page.get_by_text(f"{name} can sign in now.")).to_be_visible()
    return page


def take_level_away(walker: Walker, name: str) -> None:
    page = walker.go(f"/people/{name}/")
    page.locator("[name=level]").select_option("0")
    walker.press("Set the level")
    expect(page.locator(".say .sub")).to_contain_text("No level on all clusters")
    walker.look("person")


def test_a_viewer_sees_and_cannot_act_and_a_stranger_sees_nothing(walker: Walker, browser: Browser) -> None:
    slug = pair_in_service(walker)
    add_person(walker, "vera", "10")
    add_person(walker, "mallory", "10")
    walker.look("people-three")
    take_level_away(walker, "mallory")

    vera = Walker(browser, walker.server)
    sign_in(vera, "vera")
    page = vera.go(f"/c/{slug}/")
    expect(page.locator("#node-alice")).to_contain_text("DRBD")
    for button in page.locator(".act-list button").all():
        expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#simulation")).to_have_count(0)
    vera.look("cluster-viewer")
    assert post(vera, f"/c/{slug}/simulation/") == 403
    assert post(vera, f"/c/{slug}/forget/") == 403
    page.goto(f"{walker.server}/people/")
    expect(page.locator("#add")).to_have_count(0)
    vera.look("people-viewer")
    assert vera.wrong == []

    mallory = Walker(browser, walker.server)
    sign_in(mallory, "mallory")
    assert mallory.page.goto(f"{walker.server}/c/{slug}/").status == 404
    expect(mallory.heading("There is nothing here for you.")).to_be_visible()
    assert slug not in mallory.go("/").content()

    read_the_audit_log(walker, slug)
    sign_out(vera, slug)


def post(walker: Walker, path: str) -> int:
    """Send what no page of hers offers."""
    token = next(cookie["value"] for cookie in walker.context.cookies() if cookie["name"] == "csrftoken")
    answer = walker.context.request.post(
        walker.server + path, headers={"X-CSRFToken": token, "Referer": walker.server}, form={"verb": "power-off", "node": "alice"}
    )  # fmt: skip
    return answer.status


def read_the_audit_log(walker: Walker, slug: str) -> None:
    page = walker.go("/audit/")
    for name in ("vera", "mallory"):
        expect(page.locator(".au").filter(has_text=name).first).to_be_visible()
    expect(page.get_by_text("Signed in").first).to_be_visible()
    walker.look("audit-people")
    walker.press("Verify the chain")
    expect(page.get_by_text("Chain verified")).to_be_visible()
    with page.expect_navigation(wait_until="load"):
        page.locator("a.entry").first.click()
    walker.look("audit-entry")
    walker.found_nothing_wrong()


def sign_out(walker: Walker, slug: str) -> None:
    """The session ends on the server: the old cookie is worth nothing."""
    kept = walker.context.cookies()
    walker.page.get_by_role("button", name="Sign out").click()
    walker.page.wait_for_url("**/sign-in/**")
    walker.context.add_cookies(kept)
    page = walker.go(f"/c/{slug}/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    walker.look("sign-in")


def test_keys_lead_everywhere(walker: Walker) -> None:
    page = walker.go("/")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Enter")
    expect(walker.heading("found for “alice”")).to_be_visible()
    walker.look("search")
    for key, path in {"c": "/", "j": "/jobs/", "a": "/audit/", "f": "/failovers/"}.items():
        page.locator("main").focus()
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(walker.server + path)
        expect(page.locator("h1")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    walker.look("keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    walker.found_nothing_wrong()
