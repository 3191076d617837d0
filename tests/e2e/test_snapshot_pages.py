"""The pages about snapshots, in both themes, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import stories
from tests.e2e.conftest import Visit
from tests.e2e.snapshot_stories import snapshots
from tests.e2e.test_every_page import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BASE = "/c/web-files/volumes/web_files/"
PAGES = {
    "volume-with-snapshots": BASE,
    "snapshot-opened": f"{BASE}snapshots/before-the-upgrade/",
    "snapshot-closed-by-failover": f"{BASE}snapshots/before-the-move/",
    "snapshot-full": f"{BASE}snapshots/auto-20261119-2300/",
    "snapshot-open": f"{BASE}snapshots/auto-20261122-2300/open/",
    "snapshot-new": f"{BASE}snapshots/new/",
    "snapshot-schedule": f"{BASE}snapshots/schedule/",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_snapshot_pages(visit: Callable[..., Visit], ada: Any, width: int, theme: str) -> None:
    stories.fleet()
    snapshots()
    tab = visit(ada, width, theme)
    problems = [problem for name, path in PAGES.items() for problem in look(tab, name, path, width, theme)]
    assert problems == []
