"""Tell a worker that there is something to do. The queue is only a doorbell: when it is broken, the sweeper rings again."""

from __future__ import annotations

import logging
from functools import cache

from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# A page waits for the ring, so a broker that is gone or hangs must cost it less than a second.
_IMPATIENT = {"max_retries": 0, "interval_start": 0, "socket_connect_timeout": 0.4, "socket_timeout": 0.4}


def ring(task_name: str, *args: object) -> bool:
    """Send a task by name, once. False when the broker did not take it; never raises for a broker that is away."""
    app = _sender()
    options = {**app.conf.broker_transport_options, **_IMPATIENT}
    try:
        with app.connection_for_write(transport_options=options) as connection:
            app.send_task(task_name, args=args, connection=connection, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("%s %s: not sent, the sweeper will: %s", task_name, args, error)
        return False
    return True


@cache
def _sender() -> Celery:
    """An application of the door's own: Celery's current one belongs to the thread that made it."""
    app = Celery("doorbell", set_as_current=False)
    app.conf.update(settings.CELERY)
    return app
