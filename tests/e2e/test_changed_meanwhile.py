"""A form that somebody else overtook, in both themes, wide and on a phone: it says so, keeps what was typed, and goes on at a second press."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from clusters.models import Volume
from tests import stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EDIT = "/c/web-files/volumes/web_files/edit/"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_form_that_was_overtaken(visit: Callable[..., Visit], ada: Any, width: int, theme: str) -> None:
    stories.fleet()
    tab = visit(ada, width, theme)
    tab.go(EDIT)
    tab.page.fill("[name=mount_options]", "nodev")
    Volume.objects.filter(cluster__slug="web-files", name="web_files").update(mount_options="noatime,commit=30")
    tab.page.get_by_role("button", name="Show the plan").click()
    note = tab.page.locator("#changed-meanwhile")
    expect(note).to_contain_text("is now noatime,commit=30")
    expect(tab.page.locator("[name=mount_options]")).to_have_value("nodev")
    tab.shot(f"changed-meanwhile-{width}-{theme}")
    assert tab.sideways() == 0 and tab.violations() == []
    tab.page.get_by_role("button", name="Show the plan").click()
    tab.page.wait_for_url("**/jobs/**")
