"""How long pages take with 100 clusters and 10,000 history and audit rows. Prints figures; asserts nothing on seconds.

pytest tests/bench/test_pages.py -m bench -s
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from django.db import connection
from django.template.base import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clusters import access, fleet
from clusters.models import ClusterState, NodeState, Replica
from tests import stories

pytestmark = [pytest.mark.bench, pytest.mark.django_db]

RUNS = 25
PAGES = {
    "fleet": "/",
    "fleet, unchanged": "/?part=live&seen={version}",
    "cluster": "/c/web-files/",
    "audit": "/audit/",
    "audit, last page": "/audit/?page=200",
    "audit, filtered": "/audit/?where=web-files&outcome=succeeded",
    "audit, words": "/audit/?q=v777",
    "failovers": "/failovers/",
    "failovers of one": "/c/web-files/failovers/",
    "search": "/search/?q=alice",
}


@pytest.fixture(autouse=True)
def _as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runs copy the context of every template and include; a served page does not."""
    monkeypatch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))


def just_read() -> None:
    """As under a monitor that runs, however long the bench takes on a busy machine."""
    now = timezone.now()
    ClusterState.objects.update(judged_at=now)
    NodeState.objects.update(read_at=now)
    Replica.objects.update(read_at=now)


def test_pages(client: Client, ada: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stories.web_files()
    stories.fleet_of(99)
    stories.long_past(10_000)
    client.force_login(ada)
    mine = access.visible(ada)
    with capsys.disabled():
        print(
            f"\n{'page':<20} {'best ms':>8} {'p50 ms':>8} {'p90 ms':>8} {'cpu ms':>8} {'queries':>8} {'KiB':>6}   {connection.vendor}"
        )
        for name, path in PAGES.items():
            just_read()
            address = path.format(version=fleet.marks(mine, timezone.now()).version(timezone.now()))
            client.get(address)
            times, cpu = [], []
            for _ in range(RUNS):
                began, idle = time.perf_counter(), time.process_time()
                response = client.get(address)
                times.append((time.perf_counter() - began) * 1000)
                cpu.append((time.process_time() - idle) * 1000)
                assert response.status_code in (200, 204)
            with CaptureQueriesContext(connection) as seen:
                client.get(address)
            best, middle, p90 = min(times), statistics.median(times), statistics.quantiles(times, n=10)[8]
            busy, kib = statistics.median(cpu), len(response.content) / 1024
            print(f"{name:<20} {best:8.1f} {middle:8.1f} {p90:8.1f} {busy:8.1f} {len(seen):8} {kib:6.0f}")
