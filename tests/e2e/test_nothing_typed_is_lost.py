"""What somebody typed outlives their session, another tab, a link pressed by mistake and a reload, with JavaScript and without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect

from clusters.models import Cluster, NodeState
from clusters.states import Danger, JobStatus
from provisioning import doorbell
from provisioning.models import Job
from tests import factories
from tests.e2e import job_stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GIB = 2**30
NEW = "/c/web-files/volumes/new/"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda *args: True)


@pytest.fixture
def pair(db: None) -> Cluster:
    cluster = factories.make_cluster()
    node = cluster.nodes.get(name="alice")
    NodeState.objects.create(node=node, reachable=True, read_at=timezone.now(), vg_size=80 * GIB, vg_free=40 * GIB)
    return cluster


def type_volume(page: Page) -> None:
    page.locator("#id_name").fill("shop")
    page.locator("#id_size").fill("5")
    page.locator("#id_mount_options").fill("noatime")


def typed_volume_is_there(page: Page) -> None:
    expect(page.locator("#id_name")).to_have_value("shop")
    expect(page.locator("#id_size")).to_have_value("5")
    expect(page.locator("#id_mount_options")).to_have_value("noatime")


def sign_in(page: Page, name: str = "olga") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def proposed(pair: Cluster, danger: Danger) -> Job:
    plan = replace(job_stories.volume_plan(), danger=danger, typed_name=pair.slug if danger is Danger.DESTROYS else "")
    return job_stories.job(pair, JobStatus.PROPOSED, plan)


def looks_right(tab: Visit, name: str) -> None:
    for width in (1440, 390):
        tab.page.set_viewport_size({"width": width, "height": 900})
        assert tab.sideways() <= 0, (name, width)
        for theme in ("light", "dark"):
            tab.page.emulate_media(color_scheme=theme)
            tab.shot(f"typed-{name}-{width}-{theme}")
            assert tab.violations() == [], (name, width, theme)
    tab.page.set_viewport_size({"width": 1440, "height": 900})
    tab.page.emulate_media(color_scheme="light")


def test_a_session_that_ends_under_a_form(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    tab = visit(olga)
    page = tab.go(NEW)
    type_volume(page)
    Session.objects.all().delete()
    page.locator("#id_mount_point").press_sequentially("/srv/")
    expect(page.locator("#ended")).to_contain_text("Your session has ended.")
    typed_volume_is_there(page)
    looks_right(tab, "ended")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("#why")).to_contain_text("What you typed is kept")
    looks_right(tab, "sign-in")
    sign_in(page)
    expect(page.locator("#came-back")).to_contain_text("Nothing was sent; look at it and send it again.")
    typed_volume_is_there(page)
    expect(page.locator("#id_mount_point")).to_have_value("/srv/")
    looks_right(tab, "back")
    assert not Job.objects.exists()
    page.locator("#id_mount_point").fill("/srv/shop")
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/jobs/*/")


def test_the_same_without_javascript(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    page = visit(olga, java_script_enabled=False).page
    page.goto(visit().server + NEW)
    type_volume(page)
    Session.objects.all().delete()
    page.get_by_role("button", name="Show the plan").click()
    sign_in(page)
    typed_volume_is_there(page)
    page.locator("#id_mount_point").fill("/srv/shop")
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/jobs/*/")


def test_signing_in_in_another_tab_lets_the_form_go_on(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    page = visit(olga).go(NEW)
    type_volume(page)
    Session.objects.all().delete()
    page.locator("#id_mount_point").press_sequentially("/srv")
    with page.context.expect_page() as opened:
        page.locator("#ended a").click()
    sign_in(opened.value)
    expect(opened.value.get_by_role("link", name="Fleet").first).to_be_visible()
    page.locator("#id_mount_point").press_sequentially("/shop")
    expect(page.locator("#ended")).to_be_hidden()
    page.wait_for_function("document.querySelector('[name=csrfmiddlewaretoken]').value.length === 64")
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/jobs/*/")
    assert Job.objects.count() == 1


def test_a_reason_that_is_being_typed_stays_while_the_page_beats(
    visit: Callable[..., Visit], olga: Any, pair: Cluster
) -> None:
    job = proposed(pair, Danger.INTERRUPTS)
    tab = visit(olga)
    page = tab.go(f"/jobs/{job.pk}/")
    page.locator("#why").fill("New disks, ticket 7")
    Session.objects.all().delete()
    expect(page.locator("#ended")).to_contain_text("Your session has ended.", timeout=15_000)
    expect(page.locator("#why")).to_have_value("New disks, ticket 7")
    page.locator("#ceremony .btn.big").click()
    sign_in(page)
    expect(page.locator("#why")).to_have_value("New disks, ticket 7")
    looks_right(tab, "reason")
    job.refresh_from_db()
    assert job.status == "proposed"


def test_a_form_that_was_left_offers_what_was_typed(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    tab = visit(olga)
    page = tab.go(NEW)
    expect(page.locator("#typed-offer")).to_be_hidden()
    type_volume(page)
    page.get_by_role("link", name="Fleet").first.click()
    page.wait_for_url("**/")
    tab.go(NEW)
    expect(page.locator("#typed-offer")).to_contain_text(
        "You typed in a form on this page less than a minute ago and left it."
    )
    expect(page.locator("#id_name")).to_have_value("")
    looks_right(tab, "left")
    page.get_by_role("button", name="Put it back").click()
    typed_volume_is_there(page)
    assert not Job.objects.exists()
    page.get_by_role("link", name="Begin anew").click()
    page.get_by_role("button", name="Forget it").click()
    tab.go(NEW)
    expect(page.locator("#id_name")).to_have_value("")
    expect(page.locator("#typed-offer")).to_be_hidden()


def test_what_was_sent_is_not_offered_again(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    tab = visit(olga)
    page = tab.go(NEW)
    type_volume(page)
    page.locator("#id_mount_point").fill("relative")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("alert")).to_contain_text("One thing to change")
    tab.go("/")
    tab.go(NEW)  # refused and left: it was not taken yet
    page.get_by_role("button", name="Put it back").click()
    page.locator("#id_mount_point").fill("/srv/shop")
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_url("**/jobs/*/")
    tab.go(NEW)
    expect(page.locator("#typed-offer")).to_be_hidden()


def test_rows_of_clients_come_back_and_nobody_elses(
    visit: Callable[..., Visit], olga: Any, ada: Any, pair: Cluster
) -> None:
    tab = visit(olga)
    page = tab.go("/c/web-files/exports/1/edit/")
    page.get_by_role("button", name="Add a client").click()
    page.locator("#id_c1-client").fill("10.77.0.9")
    tab.go("/")
    tab.go("/c/web-files/exports/1/edit/")
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator("#id_c1-client")).to_have_value("10.77.0.9")
    tab.go("/")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "ada")
    tab.go("/c/web-files/exports/1/edit/")
    expect(page.locator("#typed-offer")).to_be_hidden()


def test_the_way_back_has_what_was_typed(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    page = visit(olga).go(NEW)
    type_volume(page)
    page.get_by_role("link", name="Fleet").first.click()
    page.wait_for_url("**/")
    page.go_back()
    expect(page.locator("#id_name, #typed-offer").first).to_be_visible()
    if page.locator("#id_name").input_value() != "shop":  # the browser did not keep the page itself
        page.get_by_role("button", name="Put it back").click()
    typed_volume_is_there(page)


def test_a_password_is_remembered_nowhere(visit: Callable[..., Visit], olga: Any, pair: Cluster) -> None:
    job = proposed(pair, Danger.DESTROYS)
    page = visit(olga).go(f"/jobs/{job.pk}/")
    page.locator("#why").fill("New disks")
    page.locator("#password").fill("a-secret-of-olga")
    remembered = page.evaluate("JSON.stringify(sessionStorage)")
    assert "New disks" in remembered and "a-secret" not in remembered
