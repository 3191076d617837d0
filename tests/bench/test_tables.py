"""How long the pages of volumes and exports take at 5,000 volumes and 10,000 exports. Prints figures; asserts nothing on seconds.

On a machine that does other things the processor's time (cpu) tells more than the clock; with PostgreSQL the database's own is not in it.

pytest tests/bench/test_tables.py -m bench -s; DATABASE_URL chooses the database.
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

import pytest
from django.db import connection
from django.template.base import Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clusters.models import Export, Volume
from storagepanel import warm
from tests import many, stories
from tests.bench.test_pages import just_read

pytestmark = [pytest.mark.bench, pytest.mark.django_db]

RUNS = int(os.environ.get("PANEL_BENCH_RUNS", "200"))  # fewer give no p99 that deserves its name
PAGES = {
    "volumes": "/volumes/",
    "volumes, last page": "/volumes/?page=1000",
    "volumes, fullest": "/volumes/?order=-fill",
    "volumes, words": "/volumes/?q=_4",
    "volumes, full xfs, ok": "/volumes/?fill=full&fstype=xfs&health=ok",
    "volumes of one": "/volumes/?cluster=web-files",
    "exports": "/exports/",
    "exports, last page": "/exports/?page=1000",
    "exports, by volume": "/exports/?order=-volume",
    "exports, words": "/exports/?q=d77",
    "exports of an address": "/exports/?client=10.3.7.9",
    "exports, ro, ok": "/exports/?gives=ro&health=ok",
    "a volume": "/c/web-files/volumes/web_files/",
    "a volume, two years": "/c/web-files/volumes/web_files/?span=2y",
    "an export": "/c/web-files/exports/1099/",
    "the cluster": "/c/web-files/",
    "crowded cluster": "/c/crowded/",
    "a volume of it": "/c/crowded/volumes/data/",
    "an export of it": "/c/crowded/exports/1099/",
    "volumes as CSV": "/volumes/?format=csv",
    "exports as CSV": "/exports/?format=csv",
    "typing one more there": "/c/crowded/exports/new/?check=1",
}
TYPED = {
    "volume": "data", "directory": "d77/pages", "clients": "1",
    "c0-client": "10.10.0.0/24", "c0-access": "rw", "c0-squash": "root_squash", "c0-security": "", "c0-sync": "on", "c0-more": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runs copy the context of every template and include; a served page does not."""
    monkeypatch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))


def asked(client: Client, path: str) -> Any:
    return client.post(path, TYPED) if "check=1" in path else client.get(path)


def test_tables(client: Client, ada: Any, capsys: pytest.CaptureFixture[str]) -> None:
    many.the_promise()
    crowded = stories.make_pair("crowded")
    many.on_one_volume(crowded.volumes.get(), 1000)
    warm.up()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    client.force_login(ada)
    with capsys.disabled():
        print(f"\n{Volume.objects.count()} volumes, {Export.objects.count()} exports, {connection.vendor}")
        print(f"{'page':<24} {'p50 ms':>8} {'p99 ms':>8} {'cpu p50':>8} {'cpu p99':>8} {'queries':>8} {'KiB':>6}")
        for name, path in PAGES.items():
            just_read()
            times, busy = [], []
            for _ in range(RUNS if "CSV" not in name else 3):
                began, idle = time.perf_counter(), time.process_time()
                response: Any = asked(client, path)
                size = len(response.getvalue())
                times.append((time.perf_counter() - began) * 1000)
                busy.append((time.process_time() - idle) * 1000)
                assert response.status_code == 200
            with CaptureQueriesContext(connection) as seen:
                asked(client, path).getvalue()
            p99, cpu99 = (statistics.quantiles(each, n=100, method="inclusive")[98] for each in (times, busy))
            print(
                f"{name:<24} {statistics.median(times):8.1f} {p99:8.1f} {statistics.median(busy):8.1f} {cpu99:8.1f} {len(seen):8} {size / 1024:6.0f}"
            )
