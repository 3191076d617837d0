"""The doorbell on a real Redis: heard when it is there, quick and quiet when it is gone or hangs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from provisioning import doorbell
from tests import services

pytestmark = pytest.mark.services


@pytest.fixture
def server(settings: Any) -> Iterator[services.Redis]:
    with services.redis_server() as running:
        settings.CELERY = {**settings.CELERY, "broker_url": f"redis+socket://{running.socket}"}
        doorbell._sender.cache_clear()
        yield running
    doorbell._sender.cache_clear()


def timed(ring: Callable[[], bool]) -> tuple[bool, float]:
    began = time.monotonic()
    return ring(), time.monotonic() - began


def test_it_rings_in_the_queue_of_the_task(server: services.Redis) -> None:
    assert doorbell.ring("jobs.run", 7)
    assert doorbell.ring("probes.sweep")
    client = redis.Redis(unix_socket_path=str(server.socket))
    message = json.loads(client.lindex("jobs", 0))
    assert message["headers"]["task"] == "jobs.run"
    assert message["headers"]["argsrepr"] == "(7,)"
    assert client.llen("probes") == 1


def test_a_broker_that_is_gone_costs_no_time(server: services.Redis) -> None:
    server.stop()
    rang, seconds = timed(lambda: doorbell.ring("jobs.run", 7))
    assert not rang
    assert seconds < 4  # Celery's own waiting is 5


def test_a_broker_that_hangs_costs_less_than_a_second(server: services.Redis) -> None:
    assert doorbell.ring("jobs.run", 6)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        rang, seconds = timed(lambda: doorbell.ring("jobs.run", 7))
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert not rang
    assert seconds < 4  # Celery's own waiting is 5
