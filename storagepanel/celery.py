"""The Celery application. The web process sends tasks by name through it and never imports them."""

import os

from celery import Celery, Task
from celery.signals import task_postrun
from django.conf import settings

from storagepanel.parts_seen import saw

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storagepanel.settings")

app = Celery("storagepanel")
app.conf.update(settings.CELERY)


@task_postrun.connect
def _note_who_is_alive(task: "Task[..., object]", **_more: object) -> None:
    saw(task.name)
