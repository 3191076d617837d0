"""A file system that was found damaged is told of, until a check finds it whole."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clusters import care
from clusters.health import judge
from clusters.models import Care, Cluster
from clusters.pair import known

pytestmark = pytest.mark.django_db


def codes(cluster: Cluster) -> set[str]:
    pair = known(Cluster.objects.get(pk=cluster.pk), timezone.now())
    assert pair
    return {finding.code for finding in judge(pair, timezone.now()).reasons}


def test_it_stays_until_a_check_finds_it_whole(web_files: Cluster) -> None:
    assert "volume.damaged" not in codes(web_files)
    for verdict, told in (("damaged", True), ("unknown", True), ("", True), ("clean", False), ("unknown", False)):
        care.note(web_files, "web_files", Care.Kind.CHECK, verdict=verdict)
        assert ("volume.damaged" in codes(web_files)) == told, verdict


def test_a_volume_that_is_gone_keeps_nothing(web_files: Cluster) -> None:
    care.note(web_files, "nothing", Care.Kind.CHECK, verdict="damaged")
    assert not Care.objects.exists()
