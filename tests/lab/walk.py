"""What a person does in the browser, with keyboard and mouse only: what cannot be found on a page, a person could not find either."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

from tests.lab.machines import PATIENCE, LabError, until

POLL = 0.5


class Walk:
    """One signed-in person and her browser. Waiting never reloads a page: pages keep themselves up to date."""

    def __init__(self, page: Page, address: str, pictures: Path) -> None:
        self.page, self.address, self.pictures = page, address, pictures
        self.troubles: list[str] = []
        page.set_default_timeout(30_000 * PATIENCE)
        page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        page.on("response", lambda answer: self._heard(answer.status, answer.url))
        pictures.mkdir(parents=True, exist_ok=True)

    def _heard(self, status: int, url: str) -> None:
        if status >= 500 or (status == 404 and "favicon" not in url):
            self.troubles.append(f"{status}: {url}")

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.address + path)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.address)

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return " ".join(self.page.locator("main").first.inner_text().split())

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=True)

    def fail(self, says: str) -> LabError:
        self.picture("failed")
        return LabError(f"{says}. {self.path} says: {self.text[:4000]} Troubles: {self.troubles}")

    def fill(self, **values: str) -> None:
        """Fill fields by their names (`a__ssh_host` is `a-ssh_host`); choices, radio buttons and boxes too."""
        for key, value in values.items():
            name = key.replace("__", "-")
            field = self.page.locator(f'main [name="{name}"]:not([type=hidden])')
            if not field.count():
                raise self.fail(f"There is no field {name}")
            match field.first.get_attribute("type"), field.first.evaluate("field => field.tagName"):
                case "radio", _:
                    self.page.locator(f'main [name="{name}"][value="{value}"]').check(force=True)
                case "checkbox", _:
                    field.set_checked(value == "on", force=True)
                case _, "SELECT":
                    field.select_option(value)
                case _:
                    field.fill(value)

    def send(self, field: str, *, to: str = "") -> None:
        """Press the button of the form that holds a field, and see that it was not refused."""
        name = field.replace("__", "-")
        self.press(self.page.locator(f'main form:has([name="{name}"])').first, to=to)

    def press(self, form: Locator, *, to: str = "") -> None:
        before = self.path
        button = form.locator('button[type="submit"]:not([name]), button:not([type]):not([name])').last
        with self.page.expect_navigation(wait_until="load") as navigated:
            button.click()
        if navigated.value and navigated.value.status >= 400:
            raise self.fail(f"{before} was refused with {navigated.value.status}")
        if to and not re.search(to, self.path):
            raise self.fail(f"{before} led to {self.path} and not to {to}")

    def form(self, action: str) -> Locator:
        """The form that is sent to a place, found by how its address ends."""
        found = self.page.locator(f'main form[action$="{action}"]')
        if not found.count():
            raise self.fail(f"There is no form for {action}")
        return found.first

    def until(self, says: str, pattern: str, limit: float, *, instead_of: str = "") -> float:
        """Wait until the page says something; the seconds it took. `instead_of` ends the waiting early, as a failure."""
        began = time.monotonic()
        while True:
            text = self.text
            if re.search(pattern, text):
                return time.monotonic() - began
            if instead_of and re.search(instead_of, text):
                raise self.fail(f"Not {says}")
            if time.monotonic() - began > limit * PATIENCE:
                raise self.fail(f"Not within {limit * PATIENCE:.0f} s: {says}")
            self.page.wait_for_timeout(POLL * 1000)


@contextmanager
def walking(address: str, pictures: Path) -> Iterator[Walk]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield Walk(browser.new_page(viewport={"width": 1440, "height": 1000}), address, pictures)
        browser.close()


def pause_in_history(walk: Walk, title: str) -> str:
    """The history is a page of record: one looks again, it does not change under one's eyes."""
    entry = walk.page.locator(".fo", has_text=title)

    def told() -> bool:
        walk.go("/c/lab-files/failovers/")
        return entry.count() == 1

    until(f"{title!r} in the history", told, 120, 3)
    return entry.locator(".pause b").inner_text()


def seconds(pause: str) -> float:
    """Read a pause as the history writes it: 9.5 s, 83 s, 2 min 5 s."""
    found = re.fullmatch(r"(?:(\d+) min )?(\d+(?:\.\d+)?) s", pause.strip())
    assert found, f"no pause: {pause!r}"
    return 60 * int(found[1] or 0) + float(found[2])


class Stopwatch:
    """Prints what took how long, so that a run's figures can be compared with the last one's."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def lap(self, what: str) -> None:
        now = time.monotonic()
        print(f"{what}: {now - self.since:.1f} s", flush=True)
        self.since = now
