"""Each page in both themes, wide and on a phone: no complaint of the console, of axe, and nothing to scroll sideways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clusters.models import AuditEntry, Export, NodeState
from tests import stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "fleet": "/",
    "cluster": "/c/web-files/",
    "cluster-split": "/c/mail-store/",
    "cluster-not-seen": "/c/cloud-a/",
    "cluster-redundant": "/c/cloud-b/",
    "cluster-simulated": "/c/lab-sim/",
    "cluster-draft": "/c/new-pair/",
    "volume": "/c/web-files/volumes/www_uploads/",
    "volume-grow": "/c/web-files/volumes/www_uploads/grow/",
    "volume-edit": "/c/web-files/volumes/www_uploads/edit/",
    "volume-delete": "/c/web-files/volumes/www_uploads/delete/",
    "resource-grow": "/c/web-files/resource/grow/",
    "export": "/c/web-files/exports/13/",
    "clients": "/c/web-files/clients/",
    "clients-of-export": "/c/web-files/clients/?export=13",
    "nfs": "/c/cloud-b/nfs/",
    "heartbeat": "/c/cloud-b/heartbeat/",
    "failovers": "/failovers/",
    "failovers-of-web-files": "/c/web-files/failovers/",
    "failovers-everything": "/c/web-files/failovers/?show=all",
    "audit": "/audit/",
    "people": "/people/",
    "person": "/people/vera/",
    "search": "/search/?q=10.10.0.7",
    "settings": "/settings/",
    "jobs": "/jobs/",
}


def look(tab: Visit, name: str, path: str, width: int, theme: str) -> list[str]:
    tab.go(path)
    tab.shot(f"{name}-{width}-{theme}")
    wrong = [f"{name} {width} {theme}: {problem}" for problem in (*tab.complaints, *tab.violations())]
    return [*wrong, f"{name} {width} {theme}: {tab.sideways()} px too wide"] if tab.sideways() > 0 else wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page(visit: Callable[..., Visit], ada: Any, vera: Any, width: int, theme: str) -> None:
    stories.audit_log(stories.fleet())
    entry = AuditEntry.objects.exclude(commands=[]).get()
    changed = AuditEntry.objects.get(action="cluster.files")
    tab = visit(ada, width, theme)
    pages = PAGES | {"audit-entry": f"/audit/{entry.sequence}/", "audit-change": f"/audit/{changed.sequence}/"}
    problems = [problem for name, path in pages.items() for problem in look(tab, name, path, width, theme)]
    assert problems == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_the_first_minute(visit: Callable[..., Visit], ada: Any, width: int, theme: str) -> None:
    problems = look(visit(None, width, theme), "sign-in", "/sign-in/", width, theme)
    problems += look(visit(ada, width, theme), "empty", "/", width, theme)
    assert problems == []


def test_an_export_that_was_not_read_yet_fits_a_small_phone(visit: Callable[..., Visit], ada: Any) -> None:
    stories.fleet()
    Export.objects.update(changed_at=timezone.now())
    NodeState.objects.update(exported=[])
    tab = visit(ada, 360)
    page = tab.go("/c/web-files/exports/13/")
    expect(page.get_by_text("not read since it was published or changed").first).to_be_visible()
    assert tab.sideways() == 0


def test_nothing_is_wider_than_a_small_phone(visit: Callable[..., Visit], ada: Any, vera: Any) -> None:
    stories.audit_log(stories.fleet())
    tab = visit(ada, 360)
    too_wide = {}
    for name, path in PAGES.items():
        tab.go(path)
        if tab.sideways() > 0:
            too_wide[name] = tab.sideways()
    assert too_wide == {}


def test_a_missing_page_is_a_page(visit: Callable[..., Visit], ada: Any) -> None:
    tab = visit(ada)
    page = tab.go("/c/nowhere/")
    tab.shot("not-found-1440-light")
    assert page.get_by_role("heading", name="There is nothing here for you.").is_visible()
    assert tab.violations() == []
