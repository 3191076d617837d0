"""The Celery application. The web process sends tasks by name through it and never imports them."""

import gc
import logging
import os
from typing import Any

from celery import Celery, Task
from celery.signals import task_postrun, worker_ready
from django.conf import settings
from kombu.transport import redis

from storagepanel.parts_seen import saw

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storagepanel.settings")

log = logging.getLogger(__name__)


class Channel(redis.Channel):
    """Drops what is no message at all. Kombu lets the worker end over it, and with the worker the steps in its threads."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # kombu's, and private
        except (ValueError, TypeError, KeyError, AttributeError):
            log.exception("dropped from the queue: this is no message")
            return True


redis.Transport.Channel = Channel

app = Celery("storagepanel")
app.conf.update(settings.CELERY)


@task_postrun.connect
def _note_who_is_alive(task: "Task[..., object]", **_more: object) -> None:
    saw(task.name)


@worker_ready.connect
def _keep_what_is_loaded(**_more: object) -> None:
    """As in the web process: the collector need not look through the modules again while a job runs."""
    gc.freeze()
