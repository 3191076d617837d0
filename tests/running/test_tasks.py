"""What Celery runs: names that the web process and beat send; an unexpected error ends with the job that met it."""

from __future__ import annotations

import pytest
from django.conf import settings

from provisioning import enrolment, sweeper, tasks, worker


def test_every_name_that_is_sent_has_a_task() -> None:
    known = {task.name for task in vars(tasks).values() if hasattr(task, "apply_async")}
    assert {"jobs.propose", "jobs.run", "jobs.inquire"} <= known  # the web's
    assert {entry["task"] for entry in settings.CELERY["beat_schedule"].values()} <= known


@pytest.mark.parametrize(
    ("task", "module", "works", "fails"),
    [
        (tasks.propose, worker, "propose", "propose_failed"),
        (tasks.inquire, enrolment, "inquire", "inquire_failed"),
    ],
)
def test_an_unexpected_error_is_written_down(
    monkeypatch: pytest.MonkeyPatch, task: object, module: object, works: str, fails: str
) -> None:
    told: list[tuple[int, str]] = []

    def crash(pk: int) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(module, works, crash)
    monkeypatch.setattr(module, fails, lambda pk, error: told.append((pk, str(error))))
    task(7)  # type: ignore[operator]
    assert told == [(7, "division by zero")]


def test_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[int] = []
    monkeypatch.setattr(sweeper, "sweep", lambda: swept.append(1))
    monkeypatch.setattr(tasks, "sweep_all", lambda: swept.append(2))
    tasks.sweep()
    tasks.probe()
    assert swept == [1, 2]
