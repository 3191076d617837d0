"""A visitor of the demo pulls plugs; nobody can do so to real machines."""

import pytest
from django.conf import settings
from django.core.management import call_command

from clusters.models import AuditEntry, Cluster, StateChange
from clusters.states import Inventory
from provisioning.models import Job
from provisioning.monitor import sweep
from provisioning.simulator import store

URL = "/c/web-files/simulation/"


@pytest.fixture
def simulated(web_files):
    web_files.simulated = True
    web_files.save()
    return web_files


def test_it_cuts_and_restores_power(client, olga, simulated):
    client.force_login(olga)
    answer = client.post(URL, {"verb": "power-off", "node": "alice"}, follow=True)
    assert "alice’s power" in answer.content.decode() or "power was cut" in answer.content.decode()
    with store.opened(simulated.pk) as pair:
        assert not pair.machines["alice"].power
    client.post(URL, {"verb": "power-on", "node": "alice"})
    with store.opened(simulated.pk) as pair:
        assert pair.machines["alice"].power
    assert AuditEntry.objects.filter(action="simulation.power-off", actor="olga").count() == 1


@pytest.mark.parametrize("body", [{"verb": "power-off", "node": "mallory"}, {"verb": "explode"}, {}])
def test_it_knows_only_its_machines_and_switches(client, olga, simulated, body):
    client.force_login(olga)
    assert client.post(URL, body).status_code == 404


def test_real_machines_have_no_such_switch(client, ada, web_files):
    client.force_login(ada)
    assert client.post(URL, {"verb": "power-off", "node": "alice"}).status_code == 404


def test_it_refuses_a_viewer_hides_from_a_stranger_and_rejects_get(client, vera, mallory, olga, simulated):
    client.force_login(vera)
    assert client.post(URL, {"verb": "cut-link"}).status_code == 403
    client.force_login(mallory)
    assert client.post(URL, {"verb": "cut-link"}).status_code == 404
    client.force_login(olga)
    assert client.get(URL).status_code == 405


def test_the_demo_begins_with_a_pair_that_serves(transactional_db, worker_keys):
    assert not settings.DEMO
    call_command("panel_demo")
    cluster = Cluster.objects.get()
    assert (cluster.slug, cluster.inventory, cluster.simulated) == ("web-files", Inventory.PRESENT, True)
    assert Job.objects.get().status == "succeeded"
    sweep.sweep_cluster(cluster.pk)
    assert StateChange.objects.get(subject="group").new == "alice"
    assert Cluster.objects.get().state.sentence == "Redundant. A failover now would work."
    call_command("panel_demo")
    assert Job.objects.count() == 1
