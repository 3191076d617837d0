"""How long pages take with 100 clusters and 10,000 history and audit rows. Prints figures; asserts nothing on seconds.

pytest tests/bench/test_pages.py -m bench -s
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

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


def test_pages(client: Client, ada: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stories.web_files()
    stories.fleet_of(99)
    stories.long_past(10_000)
    client.force_login(ada)
    version = client.get("/").context["version"]
    with capsys.disabled():
        print(
            f"\n{'page':<20} {'p50 ms':>8} {'p90 ms':>8} {'cpu ms':>8} {'queries':>8} {'KiB':>6}   {connection.vendor}"
        )
        for name, path in PAGES.items():
            address = path.format(version=version)
            client.get(address)
            times, cpu = [], []
            for _ in range(RUNS):
                began, busy = time.perf_counter(), time.process_time()
                response = client.get(address)
                times.append((time.perf_counter() - began) * 1000)
                cpu.append((time.process_time() - busy) * 1000)
                assert response.status_code in (200, 204)
            with CaptureQueriesContext(connection) as seen:
                client.get(address)
            p90 = statistics.quantiles(times, n=10)[8]
            print(
                f"{name:<20} {statistics.median(times):8.1f} {p90:8.1f} {statistics.median(cpu):8.1f} {len(seen):8} {len(response.content) / 1024:6.0f}"
            )
