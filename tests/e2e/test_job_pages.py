"""Drafts, plans and jobs in both themes, wide and on a phone; and the ways through them with a keyboard and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from clusters.models import Cluster, ClusterState
from provisioning.models import Job
from tests.e2e import job_stories
from tests.e2e.conftest import Visit
from tests.e2e.test_every_page import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page(visit: Callable[..., Visit], ada: Any, worker_keys: Any, width: int, theme: str) -> None:
    tab = visit(ada, width, theme)
    problems = [
        problem for name, path in job_stories.everything().items() for problem in look(tab, name, path, width, theme)
    ]
    assert problems == [], "\n".join(problems)


def test_nothing_is_wider_than_a_small_phone(visit: Callable[..., Visit], ada: Any, worker_keys: Any) -> None:
    tab, too_wide = visit(ada, 360), {}
    for name, path in job_stories.everything().items():
        tab.go(path)
        if tab.sideways() > 0:
            too_wide[name] = tab.sideways()
    assert too_wide == {}


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_word_about_the_pair_stays_in_its_pane(
    visit: Callable[..., Visit], ada: Any, worker_keys: Any, width: int
) -> None:
    job_stories.everything()
    done = Job.objects.filter(status="succeeded").first()
    assert done
    said = {
        "health": "danger",
        "sentence": "alpha holds the service IP but does not serve everything.",
        "judged_at": timezone.now(),
    }
    ClusterState.objects.update_or_create(cluster=Cluster.objects.get(pk=done.cluster_id), defaults=said)
    tab = visit(ada, width)
    page = tab.go(f"/jobs/{done.pk}/")
    inside = page.locator(".pane p > .st").first.bounding_box()
    around = page.locator(".pane:has(p > .st)").first.bounding_box()
    assert inside and around and inside["x"] + inside["width"] <= around["x"] + around["width"]
    assert tab.sideways() <= 0
