"""From the link that the launcher prints to a redundant pair that somebody described, planned, approved and watched."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.walking import PATIENCE, Walker, admin, pair_in_service

pytestmark = pytest.mark.browser
NEW = "shop-files"


def test_two_bare_servers_become_a_pair(browser: Browser, running: Any) -> None:
    walker = admin(browser, running)
    look_around(walker)
    forget(walker, pair_in_service(walker))
    describe(walker)
    carry_out(walker)
    walker.found_nothing_wrong()


def look_around(walker: Walker) -> None:
    """Every page of the first minute."""
    for name, path in {
        "fleet": "/", "jobs": "/jobs/", "failovers": "/failovers/", "audit": "/audit/", "people": "/people/", "settings": "/settings/",
    }.items():  # fmt: skip
        walker.go(path)
        walker.look(name)


def forget(walker: Walker, slug: str) -> None:
    page = walker.go(f"/c/{slug}/")
    walker.look("cluster-redundant")
    walker.follow("Forget this cluster")
    walker.look("forget")
    walker.press(f"Plan to forget {slug}")
    page.locator("#ceremony").wait_for()
    walker.look("forget-plan")
    walker.approve(reason="Only the demo's")
    walker.until_done()
    walker.look("forget-done")
    walker.go("/")
    expect(walker.heading("No clusters yet. Three steps to the first pair.")).to_be_visible()
    walker.look("fleet-empty")


def describe(walker: Walker) -> None:
    walker.follow("Add the first pair")
    walker.look("new")
    page = walker.page
    page.get_by_label("Name").fill(NEW)
    walker.press("Begin the draft")
    nodes(walker)
    preflight(walker)
    storage(walker)
    page.get_by_label("Service IP").fill("10.10.0.60")
    for name, address in {"alice": "10.10.0.11", "bob": "10.10.0.12"}.items():
        choose(walker, f"{name} to the clients", address)
    walker.look("draft-service")
    walker.press("Save, and go on to the volumes")
    contents(walker)
    walker.follow("Go on to the plan")
    expect(walker.heading("Ready to be planned")).to_be_visible()
    walker.look("draft-plan")


def nodes(walker: Walker) -> None:
    page = walker.page
    expect(walker.heading("Which two servers are they?")).to_be_visible()
    walker.press("Save, and ask for their host keys")
    for name in ("alice", "bob"):
        trust = page.get_by_role("button", name=f"It is {name}’s: trust this key")
        expect(trust).to_be_visible()
        expect(page.get_by_text("SHA256:").first).to_be_visible()
        if name == "alice":
            walker.look("draft-host-keys")
        trust.click()
    expect(page.get_by_text("the panel is in")).to_have_count(2)
    walker.look("draft-nodes")
    walker.follow("Go on to the preflight")


def preflight(walker: Walker) -> None:
    page = walker.page
    walker.press("Read both nodes")
    expect(page.get_by_text("alice runs Debian 12")).to_be_visible()
    expect(page.get_by_text("bob has DRBD 8.4.11 for kernel")).to_be_visible()
    expect(page.get_by_text("S-bob-1")).to_be_visible()
    walker.look("draft-preflight")
    walker.follow(re.compile("^Go on"))


def storage(walker: Walker) -> None:
    page = walker.page
    for system in page.get_by_role("radio", name=re.compile("holds the system")).all():
        expect(system).to_be_disabled()
    for name in ("alice", "bob"):
        page.get_by_role("radio", name=re.compile(f"S-{name}-1")).check()
    expect(page.get_by_role("img", name="alice is copied to bob; bob’s disk is overwritten")).to_be_visible()
    page.get_by_label("Size of the backing volume").fill("4")  # so that the first copy ends while somebody watches
    page.locator("[name=unit]").select_option("GiB")
    walker.look("draft-storage")
    walker.press("Save, and go on to the service")


def choose(walker: Walker, label: str, address: str) -> None:
    field = walker.page.get_by_label(label)
    option = field.locator("option", has_text=address).first
    field.select_option(value=str(option.get_attribute("value")))


def contents(walker: Walker) -> None:
    """One volume, exported to a network."""
    page = walker.page
    page.get_by_label("Name").fill("media")
    page.get_by_label("Size").first.fill("1")
    walker.press("Add it to the draft")
    expect(page.get_by_role("cell", name="media").first).to_be_visible()
    walker.follow("Add an export")
    page.get_by_label("Who may mount it").fill("10.10.0.0/24")
    walker.press("Add it to the draft")
    expect(page.locator("#draft-exports")).to_contain_text("/srv/media")
    expect(page.get_by_role("cell", name="10.10.0.0/24").first).to_be_visible()
    walker.look("draft-volumes")


def carry_out(walker: Walker) -> None:
    page = walker.page
    walker.press(f"Plan the set-up of {NEW}")
    page.locator("#ceremony").wait_for()
    expect(page.get_by_text("The chosen disks are overwritten.")).to_be_visible()
    walker.look("plan")
    walker.approve(reason="A new home for the shop", typed=NEW)
    expect(page.locator(".run > li").first).to_be_visible()
    walker.look("job-running")
    walker.until_done()
    walker.look("job-done")
    walker.go(f"/c/{NEW}/")
    expect(page.get_by_role("progressbar", name="Resync from alice to bob")).to_be_visible()
    walker.look("cluster-first-copy")
    expect(walker.heading(re.compile("^Redundant"))).to_be_visible(timeout=5 * PATIENCE)
    expect(page.get_by_role("link", name="media", exact=True)).to_be_visible()
    walker.look("cluster-new")
