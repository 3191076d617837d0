"""The pages about checks, trims and quotas, in both themes, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters import care
from clusters.models import Care, Cluster, TrimSchedule
from provisioning.models import Inquiry
from tests import stories
from tests.e2e.conftest import Visit
from tests.e2e.test_every_page import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BASE = "/c/web-files/volumes/web_files/"
PAGES = {
    "volume-with-care": BASE,
    "volume-check": f"{BASE}check/",
    "volume-repair": f"{BASE}repair/",
    "volume-trim": f"{BASE}trim/",
    "quotas": f"{BASE}quotas/",
    "quota-edit": f"{BASE}quotas/edit/?kind=user&who=carol",
}
GIB = 2**30
USES = (  # kind, who, used, soft, hard, files
    ("user", "carol", 8.2, 8, 10, 48_211),
    ("user", "1234", 10, 8, 10, 901),
    ("user", "root", 2.1, 0, 0, 311),
    ("group", "staff", 18.4, 0, 40, 49_400),
)


def cared_for() -> None:
    """A volume that was found damaged, is trimmed by schedule, and has users above and at their limits."""
    cluster = Cluster.objects.get(slug="web-files")
    output = (
        "$ e2fsck -f -n /dev/vg_web/web_files-storagepanel-check\nPass 1: Checking inodes, blocks, and sizes\nFix? no\n"
    )
    care.note(cluster, "web_files", Care.Kind.TRIM, freed=3 * GIB, seconds=2.4, by="schedule", job=41)
    care.note(cluster, "web_files", Care.Kind.CHECK, verdict="damaged", seconds=64.2, output=output, by="olga", job=44)
    volume = cluster.volumes.get(name="web_files")
    TrimSchedule.objects.create(
        volume=volume, weekday=7, hour=3, next_run=timezone.now() + timedelta(days=3), said="web_files has snapshots."
    )
    rows = [
        {"kind": kind, "who": who, "used": int(used * GIB), "soft": soft * GIB, "hard": hard * GIB, "files": files, "files_soft": 0,
         "files_hard": 0, "until": None, "files_until": None}
        for kind, who, used, soft, hard, files in USES
    ]  # fmt: skip
    Inquiry.objects.create(
        cluster=cluster, kind=Inquiry.Kind.QUOTAS, status=Inquiry.Status.DONE, asked_by="olga", ended_at=timezone.now(),
        result={"web_files": {"uses": rows, "node": "alice", "more": 0}},
    )  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_care(visit: Callable[..., Visit], ada: Any, width: int, theme: str) -> None:
    stories.fleet()
    cared_for()
    tab = visit(ada, width, theme)
    problems = [problem for name, path in PAGES.items() for problem in look(tab, name, path, width, theme)]
    assert problems == []
