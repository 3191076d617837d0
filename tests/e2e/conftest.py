"""A real browser in front of a live server, with the stories as its data.

Debian's chromium is driven; nothing is downloaded. Shots go to tests/e2e/shots, which git ignores.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import axe_playwright_python
import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.launcher.checkout import Installation

CHROMIUM = (
    os.environ.get("PANEL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SHOTS = Path(__file__).parent / "shots"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
expect.set_options(timeout=15_000)  # workers, nodes and this browser share two cores with the other tests
T = TypeVar("T")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _plain_static(settings: Any) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Berlin"


class Visit:
    """A tab of somebody who is signed in, which remembers what its console complained about."""

    def __init__(self, page: Page, server: str) -> None:
        self.page, self.server, self.complaints = page, server, []  # type: tuple[Page, str, list[str]]
        page.on(
            "console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> Page:
        self.complaints.clear()
        self.page.goto(self.server + path)
        return self.page

    def sideways(self) -> int:
        """Pixels to scroll sideways, once the page had time to take its new width."""
        return self._settled(
            lambda: int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")), 0
        )

    def violations(self, rules: list[str] | None = None) -> list[str]:
        """What axe complains about, once no colour is on its way to another one."""
        return self._settled(lambda: self._violations(rules), [])

    def _settled(self, look: Callable[[], T], good: T) -> T:
        """Look again for three seconds: on a busy machine a page is seen between two of its states. What stays is a fault."""
        for _ in range(6):
            if (seen := look()) == good:
                break
            self.page.wait_for_timeout(500)
        return seen

    def _violations(self, rules: list[str] | None) -> list[str]:
        self.page.evaluate(AXE)
        options = {"resultTypes": ["violations"], "runOnly": rules or RULES}
        found = self.page.evaluate("options => axe.run(document, options)", options)
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]

    def shot(self, name: str) -> None:
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{re.sub('[^a-z0-9-]', '-', name)}.png", full_page=True)


def sign_in_cookie(user: Any) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_tab(user: Any = None, width: int = 1440, theme: str = "light", **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, **options)
        contexts.append(context)
        if user is not None:
            context.add_cookies([{"name": "sessionid", "value": sign_in_cookie(user), "url": live_server.url}])
        return Visit(context.new_page(), live_server.url)

    yield open_tab
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[Installation, str]]:
    """A panel in demo mode with everything it has, as ./panel starts it, and what was said at its start."""
    var = Path(tempfile.mkdtemp(prefix="walk-"))
    installation = Installation(var / "var", PANEL_DEMO="true")
    try:
        yield installation, installation.up()
    finally:
        installation.stop()
        shutil.rmtree(var, ignore_errors=True)
