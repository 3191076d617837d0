"""Celery's side: load, call, return. A message carries an id; errors nobody expected end here, with the job or question that met them."""

from __future__ import annotations

import logging

from celery import shared_task

from provisioning import batches, enrolment, schedules, sweeper, worker
from provisioning.monitor.sweep import sweep_all

log = logging.getLogger(__name__)


@shared_task(name="jobs.propose")
def propose(job_id: int) -> None:
    try:
        worker.propose(job_id)
    except Exception as error:
        log.exception("job %s: no plan", job_id)
        worker.propose_failed(job_id, error)


@shared_task(name="jobs.run")
def run(job_id: int) -> None:
    worker.run(job_id)


@shared_task(name="jobs.inquire")
def inquire(inquiry_id: int) -> None:
    try:
        enrolment.inquire(inquiry_id)
    except Exception as error:
        log.exception("question %s: no answer", inquiry_id)
        enrolment.inquire_failed(inquiry_id, error)


@shared_task(name="jobs.sweep")
def sweep() -> None:
    sweeper.sweep()


@shared_task(name="jobs.schedules")
def schedule() -> None:
    schedules.tick()


@shared_task(name="jobs.batches")
def batch() -> None:
    batches.tick()


@shared_task(name="probes.sweep")
def probe() -> None:
    sweep_all()
