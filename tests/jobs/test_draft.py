"""Asking for a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from clusters.models import AuditEntry, Cluster, Export, Volume
from clusters.states import AccessLevel, Inventory, JobStatus
from provisioning import jobs
from provisioning.desired import DesiredExport, DesiredVolume, ExportClient
from provisioning.intents import CreateVolume, ForgetCluster, ProvisionCluster, PublishExport
from provisioning.models import Job, SealedSecret
from tests import factories
from tests.jobs.conftest import end, propose, request_of, volume_intent

pytestmark = pytest.mark.django_db


def export_intent(**change: Any) -> PublishExport:
    export = DesiredExport("/srv/media", 2, (ExportClient("10.10.0.0/24"),), "media")
    return PublishExport("web-files", replace(export, **change))


def test_it_asks_a_worker_once_committed(
    olga: Any, web_files: Cluster, rings: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.draft(request_of(olga), "volume.create", web_files, volume_intent())
        assert rings == []
    job.refresh_from_db()
    assert rings == [("jobs.propose", job.pk)]
    assert (job.status, job.title, job.created_by) == (JobStatus.DRAFTING, "Create volume shop", "olga")
    assert job.sent_at is not None
    assert not Volume.objects.filter(name="shop").exists()


def test_the_same_form_sent_twice_is_one_job(olga: Any, web_files: Cluster) -> None:
    one, two = (jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(), "form-1") for _ in range(2))
    assert one == two
    assert Job.objects.count() == 1


@pytest.mark.parametrize("key", ["x" * 65, "a\0b"])
def test_a_key_that_no_page_gives_is_none(olga: Any, web_files: Cluster, key: str) -> None:
    one, two = (jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(), key) for _ in range(2))
    assert one != two


def test_somebody_elses_form_key_is_refused(ada: Any, olga: Any, web_files: Cluster) -> None:
    jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(), "form-1")
    with pytest.raises(jobs.Refused, match="sent before"):
        jobs.draft(request_of(ada), "volume.create", web_files, volume_intent(), "form-1")


@pytest.mark.parametrize("action", ["cluster.provision", "cluster.forget"])
def test_it_refuses_an_operator_what_admins_do(olga: Any, web_files: Cluster, action: str) -> None:
    intent = (ProvisionCluster if action == "cluster.provision" else ForgetCluster)("web-files")
    with pytest.raises(PermissionDenied):
        jobs.draft(request_of(olga), action, web_files, intent)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.outcome, entry.remote_address) == ("olga", action, "refused", "10.10.0.9")
    assert "admin" in entry.text


@pytest.mark.parametrize("who", ["vera", "mallory"])
def test_it_refuses_below_operator(who: str, web_files: Cluster, request: pytest.FixtureRequest) -> None:
    with pytest.raises(jobs.Denied):
        jobs.draft(request_of(request.getfixturevalue(who)), "volume.create", web_files, volume_intent())
    assert not Job.objects.exists()


def test_an_intent_for_another_cluster_is_a_bug(olga: Any, web_files: Cluster) -> None:
    with pytest.raises(TypeError):
        jobs.draft(request_of(olga), "volume.create", web_files, volume_intent(cluster="mail-store"))
    with pytest.raises(TypeError):
        jobs.draft(request_of(olga), "volume.create", web_files, export_intent())


@pytest.mark.parametrize(
    ("action", "intent", "says"),
    [
        ("volume.create", CreateVolume("web-files", DesiredVolume("media", 1, "ext4", "/srv/x")), "has a volume media"),
        (
            "volume.create",
            CreateVolume("web-files", DesiredVolume("x", 1, "ext4", "/srv/media")),
            "mount point of media",
        ),
        ("export.publish", export_intent(volume="nowhere"), "no volume nowhere"),
        ("export.publish", export_intent(fsid=1), "fsid 1 belongs to /srv/web_files"),
        ("export.publish", export_intent(path="/srv/web_files", fsid=1), "exported already"),
        ("export.publish", export_intent(path="/srv/web_files"), "fsid 1, which never changes"),
    ],
)
def test_it_refuses_what_is_taken(olga: Any, web_files: Cluster, action: str, intent: Any, says: str) -> None:
    with pytest.raises(jobs.Refused, match=says):
        jobs.draft(request_of(olga), action, web_files, intent)


def test_a_pair_that_is_not_set_up_takes_no_volume(olga: Any) -> None:
    cluster = factories.make_cluster(inventory=Inventory.DRAFT)
    with pytest.raises(jobs.Refused, match="not set up yet"):
        jobs.draft(request_of(olga), "volume.create", cluster, volume_intent())


def test_a_set_up_needs_confirmed_host_keys_and_a_whole_description(ada: Any) -> None:
    cluster = factories.make_cluster(inventory=Inventory.DRAFT)
    cluster.nodes.filter(name="bob").update(host_key="")
    with pytest.raises(jobs.Refused, match="host key of bob"):
        jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster("web-files"))
    cluster.nodes.filter(name="bob").delete()
    with pytest.raises(jobs.Refused, match="1 of its two nodes"):
        jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster("web-files"))


def test_a_set_up_gets_its_secrets_once(ada: Any, worker_keys: Any) -> None:
    cluster = factories.make_cluster(inventory=Inventory.DRAFT)
    job = jobs.draft(request_of(ada), "cluster.provision", cluster, ProvisionCluster("web-files"))
    secrets = dict(SealedSecret.objects.values_list("name", "box"))
    assert set(secrets) == {"authkeys", "drbd-shared-secret", "fence-key-alice", "fence-key-bob"}
    end(job, JobStatus.FAILED)
    jobs.plan_again(request_of(ada), job)
    assert dict(SealedSecret.objects.values_list("name", "box")) == secrets


def test_while_something_runs_it_says_who_runs_what_since_when(ada: Any, olga: Any, web_files: Cluster) -> None:
    job = propose(jobs.draft(request_of(olga), "volume.create", web_files, volume_intent()))
    jobs.approve(request_of(olga), job)
    with pytest.raises(
        jobs.Refused, match=r"“Create volume shop” \(job \d+\) of olga is about to run on web-files since \d\d:"
    ) as no:
        jobs.draft(request_of(ada), "volume.create", web_files, volume_intent("media2"))
    assert no.value.hint


def test_a_level_on_another_cluster_does_not_count(web_files: Cluster) -> None:
    other = factories.make_cluster("mail-store")
    stranger = factories.make_user("olga-of-mail", AccessLevel.OPERATOR, other)
    with pytest.raises(jobs.Denied):
        jobs.draft(request_of(stranger), "volume.create", web_files, volume_intent())


def test_an_export_row_appears_with_approval_only(olga: Any, web_files: Cluster) -> None:
    job = propose(jobs.draft(request_of(olga), "export.publish", web_files, export_intent()))
    assert not Export.objects.filter(path="/srv/media").exists()
    jobs.approve(request_of(olga), job)
    export = Export.objects.get(path="/srv/media")
    assert (export.inventory, export.fsid, export.volume.name) == (Inventory.CREATING, 2, "media")
    assert [str(client) for client in export.clients.all()] == ["10.10.0.0/24(rw,sync,no_subtree_check,root_squash)"]
