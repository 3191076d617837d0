"""Who is alive: each task that beat sends on a schedule proves beat, the queue and the worker that ran it."""

from __future__ import annotations

from django.db import DatabaseError
from django.utils import timezone

PROVES = {"jobs.sweep": ("jobs", "beat"), "probes.sweep": ("probes", "beat")}


def saw(task_name: str) -> None:
    """Note that a scheduled task has just run. Never fails the task: a database that is away is seen elsewhere."""
    from provisioning.models import PanelPart  # the worker imports this module before Django's apps are ready

    now = timezone.now()
    try:
        for part in PROVES.get(task_name, ()):
            PanelPart.objects.update_or_create(part=part, defaults={"at": now})
    except DatabaseError:
        return
