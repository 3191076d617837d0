"""What comes by schedule, on real nodes: set on the pages, made due, and run by beat, worker and nobody else."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, machines
from tests.lab.panel import Panel
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
HOMES, MEDIA = "/c/lab-files/volumes/homes/", "/c/lab-files/volumes/media/"
DUE = (
    "from clusters.models import SnapshotSchedule, TrimSchedule; from django.utils import timezone; "
    "print([kind.objects.update(next_run=timezone.now()) for kind in (SnapshotSchedule, TrimSchedule)])"
)


def test_a_snapshot_and_a_trim_come_by_schedule_while_a_client_writes(on_call: Walk, its_panel: Panel) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    clients.begin_to_write()
    walk.go(f"{MEDIA}snapshots/schedule/")
    walk.fill(enabled="on", hourly="1", daily="0", weekly="0", size="32", unit="MiB")
    walk.send("size")
    walk.go(f"{HOMES}trim/")
    walk.fill(day="0", hour="3")
    walk.press(walk.page.locator("#trim-schedule"))
    assert "Trimmed every day at 03:00" in walk.text
    watch.lap("set both schedules")
    assert "[1, 1]" in its_panel.manage("shell", "-c", DUE)
    seen(walk, MEDIA, r"Snapshots .*auto-\d{8}-\d{4} .*whole")
    watch.lap("the snapshot was taken by itself")
    [name] = re.findall(r"media-(auto-\S+)", machines.run("alpha", "lvs --noheadings --options lv_name vg_data"))
    assert name in walk.text
    seen(walk, HOMES, r"Trim job \d+ .*[\d.]+ [KMG]iB discarded .*schedule")
    watch.lap("the trim ran by itself")
    walk.go("/audit/")
    assert re.search("schedule", walk.text)
    walk.picture("audit")
    report = clients.stop_writing()
    clients.checksums_agree()
    print(f"{report['acknowledged']} acknowledged, the client stood still for {report['stalls']} s")
    assert max(report["stalls"], default=0) < 20
    assert walk.troubles == []


def seen(walk: Walk, path: str, pattern: str) -> None:
    def told() -> bool:
        walk.go(path)
        return re.search(pattern, walk.text) is not None

    machines.until(f"{pattern} on {path}", told, 240, 5)
