"""A person who walks through a panel that really runs: web, workers, Redis and simulated machines, none of it faked."""

from __future__ import annotations

import os
import re
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Visit
from tests.launcher.checkout import Installation

SMALL = 360
DESK = {"width": 1440, "height": 900}
PASSWORD = "correct horse battery"
# Planning and each step wait for processes that share the machine with everything else.
PATIENCE = 40_000
LOOKS = os.environ.get("PANEL_WALK_SHOTS", "")


class Walker(Visit):
    """Somebody's browser; `look` is called once on each page of a walk and remembers what was wrong with it."""

    def __init__(self, browser: Browser, server: str, state: Any = None, **options: Any) -> None:
        self.context = browser.new_context(
            viewport=DESK, color_scheme="light", reduced_motion="reduce", storage_state=state, **options
        )
        super().__init__(self.context.new_page(), server)
        self.wrong: list[str] = []
        self.elsewhere: list[str] = []
        self.page.set_default_timeout(PATIENCE)
        self.page.on("request", lambda request: self.note_request(request.url))

    def note_request(self, url: str) -> None:
        if not url.startswith((self.server, "data:", "blob:")):
            self.elsewhere.append(url)

    def look(self, name: str) -> None:
        """A small phone and both themes: nothing to scroll sideways, nothing axe complains about."""
        self.narrow(name)
        for theme, rules in (("light", None), ("dark", ["color-contrast"])):  # a theme changes nothing but colours
            self.page.emulate_media(color_scheme=theme)
            self.wrong += [f"{name}, {theme}: {violation}" for violation in self.violations(rules)]
            if LOOKS:
                self.shot(f"walk-{name}-1440-{theme}")
        self.page.emulate_media(color_scheme="light")

    def narrow(self, name: str) -> None:
        self.page.set_viewport_size({"width": SMALL, "height": 800})
        if (sideways := self.sideways()) > 0:
            self.wrong.append(f"{name}: {sideways} px wider than a small phone")
        if LOOKS:
            self.shot(f"walk-{name}-{SMALL}-light")
        self.page.set_viewport_size(DESK)

    def found_nothing_wrong(self) -> None:
        found = [*self.wrong, *self.complaints, *(f"asked {url}" for url in self.elsewhere)]
        assert not found, "\n".join(found)

    def heading(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", name=text, level=1)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button that leads to another page, and be there."""
        with self.page.expect_navigation(wait_until="load"):
            self.press_here(name)

    def press_here(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        with self.page.expect_navigation(wait_until="load"):
            self.page.get_by_role("link", name=name).first.click()

    def approve(self, *, reason: str = "", typed: str = "") -> None:
        """Go through the ceremony of the plan on this page."""
        page = self.page
        page.locator("#ceremony").wait_for()
        page.get_by_label("Reason").fill(reason)
        if typed:
            page.locator("#typed").fill(typed)
            page.get_by_label("Your password").fill(PASSWORD)
        page.locator("#ceremony .btn.big").click()

    def until_done(self) -> None:
        """Stay on the job's page until it says how it ended; it moves by itself."""
        expect(self.page.locator(".kicker .chip")).to_have_text(
            re.compile("succeeded|failed|interrupted"), timeout=5 * PATIENCE
        )
        expect(self.page.locator(".kicker .chip")).to_have_text("succeeded")


def sign_in(walker: Walker, name: str, password: str = PASSWORD) -> Page:
    page = walker.go("/sign-in/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    return page


def first_admin(browser: Browser, installation: Installation, said: str) -> Walker:
    """Open the one-time link and choose the first administrator's password."""
    link = re.search(r"http://\S+/first-admin/\S+", said)
    assert link, said
    walker = Walker(browser, installation.address)
    page = walker.page
    page.goto(link[0])
    walker.look("first-admin")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.locator("main button, form button").last.click()
    walker.heading(re.compile("cluster")).wait_for()
    return walker


_KEPT: dict[str, Any] = {}


def admin(browser: Browser, running: tuple[Installation, str]) -> Walker:
    """The first administrator, by the one-time link when nobody was here before."""
    installation, said = running
    if installation.address not in _KEPT:
        walker = first_admin(browser, installation, said)
        _KEPT[installation.address] = walker.context.storage_state()
        return walker
    return Walker(browser, installation.address, _KEPT[installation.address])


def pair_in_service(walker: Walker) -> str:
    """The cluster that the fleet shows: the demo's own, or the one an earlier walk set up."""
    row = walker.go("/").locator("[id^=c-] a[href^='/c/']").first
    return str(row.get_attribute("href")).split("/")[2]
