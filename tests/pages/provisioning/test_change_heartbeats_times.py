"""The times after which a node of a running pair counts as dead: the form, what it takes, what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster
from clusters.states import Inventory
from provisioning import actions, codec
from provisioning.desired import HeartbeatSettings
from provisioning.intents import ConfigureManager
from provisioning.models import Job

pytestmark = pytest.mark.django_db
URL = "/c/web-files/heartbeat/"
GOOD = {"keepalive": "2", "warntime": "8", "deadtime": "20", "initdead": "60"}


def page(response: Any) -> str:
    return response.content.decode()


def test_it_shows_what_is_set(web_files: Cluster, ada_client: Client) -> None:
    Cluster.objects.update(deadtime=17)
    assert 'value="17"' in page(ada_client.get(URL))


def test_it_becomes_a_job_and_the_job_what_is_set(web_files: Cluster, ada_client: Client) -> None:
    key = ada_client.get(URL).context["key"]
    first, second = (ada_client.post(URL, GOOD | {"key": key}) for _ in range(2))
    job = Job.objects.select_related("cluster").get()
    assert first["Location"] == second["Location"] == f"/jobs/{job.pk}/"
    wanted = HeartbeatSettings(2, 8, 20, 60, web_files.udpport)
    assert codec.load(ConfigureManager, job.intent) == ConfigureManager("web-files", wanted)
    actions.settle(job)
    web_files.refresh_from_db()
    assert (web_files.keepalive, web_files.warntime, web_files.deadtime, web_files.initdead) == (2, 8, 20, 60)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deadtime": "8"}, "Must be longer than"),
        ({"initdead": "39"}, "At least twice"),
        ({"keepalive": "0"}, "greater than or equal to 1"),
        ({"warntime": "soon"}, "whole number"),
    ],
)
def test_it_says_what_is_wrong_and_keeps_what_was_typed(
    web_files: Cluster, ada_client: Client, changes: dict[str, str], said: str
) -> None:
    response = ada_client.post(URL, GOOD | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert f'value="{next(iter(changes.values()))}"' in page(response)
    assert not Job.objects.exists()


def test_a_short_time_is_warned_of(web_files: Cluster, ada_client: Client) -> None:
    response = ada_client.post(
        URL, {"keepalive": "1", "warntime": "3", "deadtime": "6", "initdead": "12", "use": "x=1"}
    )
    assert "may count as dead after less than 8 s" in page(response)


def test_only_for_pairs_that_run(web_files: Cluster, ada_client: Client) -> None:
    Cluster.objects.update(inventory=Inventory.DRAFT)
    assert ada_client.get(URL)["Location"] == "/c/web-files/"
    ada_client.post(URL, GOOD)
    assert not Job.objects.exists()
