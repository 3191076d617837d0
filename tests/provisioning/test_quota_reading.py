"""The question for limits and usage, asked of a simulated pair."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.models import Cluster
from provisioning import enrolment, inquiries
from provisioning.facts import quotas
from provisioning.facts.answers import ParseError
from provisioning.models import Inquiry
from provisioning.observed import QuotaUse
from provisioning.pages.quotas import last
from tests.facts.test_cases import answer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("line", ["rubbish", "a,ok,ok,1,2,3", "a,ok,ok,x,0,0,0,1,0,0,0", ",ok,ok,1,0,0,0,1,0,0,0"])
def test_a_line_of_another_shape_is_refused(line: str) -> None:
    head = "User," + ",".join(quotas.HEAD)
    with pytest.raises(ParseError):
        quotas.parse(answer(f"{head}\n{line}\n"))
    with pytest.raises(ParseError):
        quotas.parse(answer("a,ok,ok,1,0,0,0,1,0,0,0\n"))  # before any head


def test_a_name_may_hold_a_comma() -> None:
    head = "Group," + ",".join(quotas.HEAD)
    (use,) = quotas.parse(answer(f"{head}\nwell, really,soft,ok,20,10,30,1795485680,1,0,0,\n")) or ()
    assert (use.kind, use.who, use.used, use.soft, use.hard, use.until) == (
        "group",
        "well, really",
        20480,
        10240,
        30720,
        1795485680,
    )
    assert use.over and not use.full


def test_less_than_a_block_left_is_nothing_left() -> None:
    """As ext4 told it of a user who could not write any more."""
    full = QuotaUse("user", "1234", 20477 * 1024, 10240 * 1024, 20480 * 1024, 2, 100, 200)
    assert full.full and not replace(full, used=20476 * 1024).full
    assert replace(full, used=0, files=200).full and not replace(full, used=0, files=199).full


@pytest.mark.parametrize(("exit_code", "there"), [(1, True), (2, True), (127, False)])
def test_where_it_is_not_mounted_nothing_is_told(exit_code: int, there: bool) -> None:
    said = answer("", exit_code, "repquota: No correct mountpoint specified.\n")
    assert quotas.parse(said) is None and quotas.tools(said) is there


def test_what_was_never_asked_is_not_known(web_files: Cluster) -> None:
    assert last(web_files.volumes.all()[0]) == (None, None, "")


def test_a_broken_answer_is_no_answer(web_files: Cluster) -> None:
    volume = web_files.volumes.all()[0]
    for told in ({"uses": [{"who": "x"}]}, {"problem": "The quota tools are not installed."}):
        inquiry = Inquiry.objects.create(
            cluster=web_files, kind="quotas", asked_by="olga", status="done", result={volume.name: told}
        )
        assert last(volume) == (None, inquiry, told.get("problem", ""))


def test_nodes_that_do_not_answer_are_said(web_files: Cluster) -> None:
    inquiry = inquiries.ask(Inquiry.Kind.QUOTAS, web_files, asked_by="olga")
    Cluster.objects.filter(pk=web_files.pk).update(simulated=True)
    enrolment.inquire(inquiry.pk)
    inquiry.refresh_from_db()
    assert inquiry.status == Inquiry.Status.FAILED and inquiry.problem
