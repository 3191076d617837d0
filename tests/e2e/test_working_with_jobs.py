"""Ways through forms and jobs: rules that tick while typing, focus that stays, pages without scripts, a job that moves on by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clusters.models import Cluster, NodeState
from clusters.states import JobStatus
from provisioning import doorbell
from provisioning.models import Job, JobCommand, JobStep, PanelPart
from tests import factories
from tests.e2e import job_stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GIB = 2**30


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *args: True)


@pytest.fixture
def pair(db: None) -> Cluster:
    cluster = factories.make_cluster()
    node = cluster.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)
    return cluster


def test_rules_tick_while_typing_and_the_caret_stays(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    tab = visit(olga)
    page = tab.go("/c/web-files/volumes/new/")
    page.locator("#id_name").press_sequentially("9shop")
    expect(page.locator("#notes-name .err-msg")).to_be_visible()
    page.locator("#id_name").fill("")
    page.locator("#id_name").press_sequentially("shop")
    expect(page.locator("#name-rules .c-ok")).to_have_count(4)
    expect(page.locator("#becomes")).to_contain_text("/dev/vg_data/shop")
    assert page.evaluate("document.activeElement.id") == "id_name"
    page.locator("#id_size").press_sequentially("900")
    expect(page.locator("#space")).to_contain_text("beyond the end of vg_data")
    assert page.locator("#id_size").evaluate("e => getComputedStyle(e).borderTopWidth") == "2px"
    assert tab.complaints == []


def test_an_offered_size_and_the_plan_with_the_keyboard(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    page = visit(olga).go("/c/web-files/volumes/new/")
    page.locator("#id_name").fill("shop")
    page.locator("#id_size").fill("900")
    page.locator("#id_size").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("One thing to change")
    page.get_by_role("button", name="Use 40 GiB").click()
    expect(page.locator("#id_size")).to_have_value("40 GiB")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("h1")).to_contain_text("Create volume shop")


def test_without_scripts_an_export_gets_two_clients(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    page = visit(olga, java_script_enabled=False).go("/c/web-files/exports/new/")
    page.locator("#id_c0-client").fill("10.1.2.3/8")
    page.get_by_role("button", name="Add a client").click()
    page.get_by_role("button", name="Use 10.0.0.0/8").click()
    page.locator("#id_c1-client").fill("backup.example.org")
    page.locator("#id_c1-access").select_option("ro")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("h1")).to_contain_text("/srv/")
    clients = Job.objects.get().intent["export"]["clients"]
    assert [client["client"] for client in clients] == ["10.0.0.0/8", "backup.example.org"]


def test_without_scripts_a_cluster_is_described(visit: Callable[..., Visit], ada: Any, worker_keys: Any) -> None:
    job_stories.described()
    page = visit(ada, java_script_enabled=False).go("/c/mail-files/draft/storage/")
    page.get_by_role("button", name="Save, and go on to the service").click()
    page.get_by_role("button", name="Save, and go on to the volumes").click()
    expect(page.locator("h1")).to_contain_text("First volumes and exports")


def test_a_job_goes_on_by_itself_and_leaves_the_focus_alone(
    visit: Callable[..., Visit], olga: Any, pair: Cluster
) -> None:
    PanelPart.objects.create(part="jobs", at=timezone.now())
    job = job_stories.run(job_stories.job(pair, JobStatus.RUNNING, job_stories.volume_plan()), 3, "running")
    tab = visit(olga)
    page = tab.go(f"/jobs/{job.pk}/")
    page.locator("#stop").focus()
    page.locator("#step-1 summary").click()
    page.locator("#stop").focus()
    step = JobStep.objects.get(job=job, number=3)
    JobCommand.objects.create(step=step, position=9, kind="run", command="mkfs.ext4", output="Writing superblocks")
    expect(page.locator("#job")).to_contain_text("Writing superblocks")
    assert page.evaluate("document.activeElement.id") == "stop"
    assert page.locator("#step-1").evaluate("e => e.open") is True
    Job.objects.filter(pk=job.pk).update(status=JobStatus.SUCCEEDED, ended_at=timezone.now())
    expect(page.locator(".kicker .chip")).to_have_text("succeeded")
    assert tab.complaints == []


def test_a_plan_that_somebody_else_approved_is_loaded_again(
    visit: Callable[..., Visit], olga: Any, pair: Cluster
) -> None:
    job = job_stories.job(pair, JobStatus.PROPOSED, job_stories.volume_plan())
    page = visit(olga).go(f"/jobs/{job.pk}/")
    page.locator("#why").fill("half a reason")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.QUEUED, approved_by="ada", approved_at=timezone.now())
    expect(page.locator(".kicker .chip")).to_have_text("queued")


@pytest.mark.parametrize(("width", "offered"), [(390, True), (1024, True), (1440, False)])
def test_below_a_long_plan_the_button_is_one_press_away(
    visit: Callable[..., Visit], olga: Any, pair: Cluster, width: int, offered: bool
) -> None:
    job = job_stories.job(pair, JobStatus.PROPOSED, job_stories.volume_plan())
    page = visit(olga, width).go(f"/jobs/{job.pk}/")
    button, down = page.locator("#ceremony button"), page.locator(".to-button")
    if not offered:
        expect(down).to_be_hidden()
        expect(button).to_be_in_viewport()
        return
    expect(down).to_be_in_viewport()
    expect(button).not_to_be_in_viewport()
    down.click()
    expect(button).to_be_in_viewport()
    expect(page.locator("#ceremony h2")).to_be_in_viewport()


def test_the_cluster_s_page_shows_its_jobs(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    job_stories.job(
        pair, JobStatus.FAILED, job_stories.volume_plan(), problem="It broke on alice.", ended_at=timezone.now()
    )
    page = visit(olga).go("/c/web-files/")
    expect(page.locator("#cluster-jobs")).to_contain_text("It broke on alice.")


def test_the_line_of_an_export_grows_while_typing(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    tab = visit(olga)
    page = tab.go("/c/web-files/exports/new/")
    page.locator("#id_c0-client").press_sequentially("10.10.0.0/24")
    expect(page.locator("#preview")).to_contain_text(
        "10.10.0.0/24(rw,sync,no_subtree_check,root_squash,mountpoint,fsid=2)"
    )
    page.locator("#id_c0-sync").uncheck()
    expect(page.locator("#export-warnings")).to_contain_text("is lost in a failover")
    assert tab.complaints == []


def test_typing_in_a_draft_is_answered_too(visit: Callable[..., Visit], ada: Any, worker_keys: Any) -> None:
    job_stories.described()
    tab = visit(ada)
    page = tab.go("/c/mail-files/draft/volumes/?add=volume")
    page.locator("#id_name").press_sequentially("shop")
    expect(page.locator("#becomes")).to_contain_text("/dev/vg_data/shop")
    page = tab.go("/c/mail-files/draft/volumes/?add=export")
    page.locator("#id_c0-client").press_sequentially("10.10.0.0/24")
    expect(page.locator("#preview")).to_contain_text("/srv/mail 10.10.0.0/24(rw")
    assert tab.complaints == []
