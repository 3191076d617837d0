"""What needs a browser to be seen: pages that refresh themselves, keys, themes, and that it all works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from clusters.models import ClusterState, NodeState, Replica
from provisioning import doorbell
from provisioning.models import Job
from tests import factories, stories
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def read_again(cluster: Any, percent: float) -> None:
    """The monitor read the pair once more."""
    now = timezone.now()
    NodeState.objects.filter(node__cluster=cluster).update(read_at=now)
    Replica.objects.filter(node__cluster=cluster).update(percent=percent, read_at=now, moved_at=now)
    ClusterState.objects.filter(cluster=cluster).update(
        judged_at=now, sentence=f"Not redundant: resync {percent:.0f} %."
    )


def test_a_resync_moves_on_the_open_page(visit: Callable[..., Visit], olga: Any) -> None:
    cluster = stories.web_files()
    tab = visit(olga)
    page = tab.go("/c/web-files/")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_js_property("value", 62)
    page.locator("#to-history").focus()
    read_again(cluster, 75)
    expect(bar).to_have_js_property("value", 75)
    assert page.evaluate("document.activeElement.id") == "to-history"
    assert tab.complaints == []


def test_a_page_that_did_not_change_is_not_sent_again(visit: Callable[..., Visit], olga: Any) -> None:
    stories.web_files()
    tab = visit(olga)
    answers: list[int] = []
    tab.page.on("response", lambda response: "part=live" in response.url and answers.append(response.status))
    page = tab.go("/")
    page.wait_for_timeout(3500)
    assert answers
    assert set(answers) == {204}


def test_a_selection_is_not_taken_away(visit: Callable[..., Visit], olga: Any) -> None:
    cluster = stories.web_files()
    page = visit(olga).go("/c/web-files/")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#node-alice dl'))")
    read_again(cluster, 80)
    page.wait_for_timeout(2500)
    assert "192.168.77.11" in page.evaluate("getSelection().toString()")
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 62)


def test_a_hidden_tab_is_quiet(visit: Callable[..., Visit], olga: Any) -> None:
    stories.web_files()
    tab = visit(olga)
    page = tab.go("/")
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert [url for url in asked if "/static/" not in url] == []  # the browser fetches the page's icon when it likes


def test_a_lost_connection_is_said_and_comes_back(visit: Callable[..., Visit], olga: Any) -> None:
    stories.web_files()
    tab = visit(olga)
    page = tab.go("/")
    expect(page.locator("#live-mark")).to_have_text("Live")
    page.context.set_offline(True)
    expect(page.locator("#live-mark")).to_have_text("No connection, trying again")
    expect(page.locator("[data-live]")).to_have_attribute("data-lost", "")
    page.context.set_offline(False)
    expect(page.locator("#live-mark")).to_have_text("Live")


def test_ages_count_on(visit: Callable[..., Visit], olga: Any) -> None:
    stories.make_pair("cloud-b")
    page = visit(olga).go("/c/cloud-b/")
    age = page.locator("#node-alice header time")
    before = age.text_content()
    page.wait_for_timeout(2200)
    assert age.text_content() != before


def test_keys_lead_places(visit: Callable[..., Visit], olga: Any) -> None:
    stories.make_pair("cloud-b")
    page = visit(olga).go("/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("cloud")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="found for “cloud”")).to_be_visible()
    page.locator("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_theme_is_kept(visit: Callable[..., Visit], olga: Any) -> None:
    page = visit(olga, theme="light").go("/")
    page.get_by_role("button", name="Use the dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.get_by_role("button", name="Use the light theme")).to_be_visible()
    expect(page.get_by_role("button", name="Use the dark theme")).to_be_hidden()


def test_it_all_works_without_javascript(visit: Callable[..., Visit], ada: Any) -> None:
    stories.web_files()
    page = visit(java_script_enabled=False).page
    server = visit().server
    page.goto(f"{server}/c/web-files/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Not redundant until about 14:20: resync 62 %.")).to_be_visible()
    page.get_by_role("link", name="Audit", exact=True).click()
    expect(page.get_by_text("Signed in")).to_be_visible()
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("Chain verified")).to_be_visible()


def test_what_is_old_is_not_green(visit: Callable[..., Visit], olga: Any) -> None:
    """The monitor stopped ten minutes ago."""
    cluster = stories.make_pair("cloud-b")
    ClusterState.objects.filter(cluster=cluster).update(judged_at=timezone.now() - timedelta(minutes=10))
    stories.lose_peer(cluster, timedelta(minutes=10))
    tab = visit(olga)
    page = tab.go("/")
    row = page.locator("#c-cloud-b")
    expect(row).to_contain_text("Not read for 10 min.")
    assert row.locator(".c-ok").count() == 0
    assert row.locator(".hatch").count() >= 1
    tab.shot("monitor-stopped-1440-light")


def test_long_names_do_not_push_a_small_page_sideways(visit: Callable[..., Visit], olga: Any) -> None:
    """Sentences of a bad night name many directories, and a directory has no blank."""
    cluster = stories.web_files()
    paths = ", ".join(f"/srv/deep/path/for/volume_with_a_long_name_{number}" for number in range(6))
    reason = {
        "code": "group.incomplete",
        "severity": "blocker",
        "text": f"Not mounted: {paths}.",
        "hint": "",
        "node": "",
        "hazard": 17,
    }
    ClusterState.objects.filter(cluster=cluster).update(
        health="danger", sentence="bob holds the service IP but does not serve everything.", detail=f"Not mounted: {paths}.",
        reasons=[reason],
    )  # fmt: skip
    tab = visit(olga, 360)
    for path in ("/", "/c/web-files/"):
        tab.go(path)
        assert tab.sideways() <= 0, path


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_form_of_rows_shows_the_plan_and_drops_nobody(
    visit: Callable[..., Visit], olga: Any, scripts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter presses the first button of a form, and that one dropped the first client."""
    monkeypatch.setattr(doorbell, "ring", lambda *_: True)
    stories.make_pair("web-files", volumes=(("data", 100, 90),))
    page = visit(olga, java_script_enabled=scripts).page
    page.goto(visit().server + "/c/web-files/exports/new/")
    page.locator("[name=directory]").fill("pages")
    page.locator("[name=c0-client]").fill("10.1.1.1")
    page.get_by_role("button", name="Add a client").click()
    page.locator("[name=c1-client]").fill("10.1.1.2")
    if scripts:
        page.locator("[name=address]").fill("10.1.1.1")
        page.locator("[name=address]").press("Enter")
        expect(page.get_by_text("10.1.1.1 may read and write")).to_be_visible()
    page.locator("[name=c1-client]").press("Enter")
    page.wait_for_url("**/jobs/*/")
    clients = Job.objects.get().intent["export"]["clients"]
    assert [client["client"] for client in clients] == ["10.1.1.1", "10.1.1.2"]
