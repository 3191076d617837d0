"""The night the power of one node goes: what the open page says, minute by minute, and what the history keeps of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.walking import PATIENCE, Walker, admin, pair_in_service

pytestmark = pytest.mark.browser


def test_a_node_loses_its_power_and_comes_back(browser: Browser, running: Any) -> None:
    walker = admin(browser, running)
    slug = pair_in_service(walker)
    page = walker.go(f"/c/{slug}/")
    expect(walker.heading(re.compile("^Redundant"))).to_be_visible(timeout=5 * PATIENCE)
    serving, other = ("alice", "bob") if serves(walker, "alice") else ("bob", "alice")

    walker.press(f"Cut {serving}’s power")
    expect(page.locator(".say h1")).to_contain_text(f"No word from {serving}", timeout=2 * PATIENCE)
    expect(page.locator(f"#node-{other}")).to_contain_text("Primary", timeout=2 * PATIENCE)
    expect(page.locator(f"#node-{other}")).to_contain_text("8 threads", timeout=2 * PATIENCE)
    expect(page.locator(f"#node-{serving} .stale")).to_be_visible()
    walker.look("cluster-node-dead")
    walker.go("/")
    walker.look("fleet-node-dead")

    walker.go(f"/c/{slug}/failovers/")
    failover = page.locator("article.fo").first
    expect(failover).to_contain_text(f"{serving} to {other}")
    expect(failover.locator(".pause b")).to_have_text(re.compile(r"\d+ s|\d+ min"))
    walker.look("history")

    walker.go(f"/c/{slug}/")
    walker.press(f"Switch {serving} on")
    resync = page.get_by_role("progressbar", name=f"Resync from {other} to {serving}")
    expect(resync).to_be_visible(timeout=2 * PATIENCE)
    walker.look("cluster-resync")
    expect(walker.heading(re.compile("^Redundant"))).to_be_visible(timeout=3 * PATIENCE)
    walker.found_nothing_wrong()


def serves(walker: Walker, name: str) -> bool:
    return "Primary" in (walker.page.locator(f"#node-{name}").text_content() or "")
