"""The question for limits and usage, asked of a simulated pair."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from clusters.models import Cluster
from provisioning import enrolment, inquiries, quota_reading
from provisioning.facts import quotas
from provisioning.facts.answers import ParseError
from provisioning.models import Inquiry
from provisioning.observed import QuotaUse
from provisioning.pages.quotas import last, long
from provisioning.steps import Command
from tests.facts.test_assemble import captured
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
    assert not use.full


def test_less_than_a_block_left_is_nothing_left() -> None:
    """As ext4 told it of a user who could not write any more."""
    full = QuotaUse("user", "1234", 20477 * 1024, 10240 * 1024, 20480 * 1024, 2, 100, 200)
    assert full.full and not replace(full, used=20476 * 1024).full
    assert replace(full, used=0, files=200).full and not replace(full, used=0, files=199).full


@pytest.mark.parametrize(("exit_code", "there"), [(1, True), (2, True), (127, False)])
def test_where_it_is_not_mounted_nothing_is_told(exit_code: int, there: bool) -> None:
    said = answer("", exit_code, "repquota: No correct mountpoint specified.\n")
    assert quotas.parse(said) is None and quotas.tools(said) is there


@pytest.mark.parametrize(
    "told", ["7weeks; Inode grace time: 7days", "7days; Inode grace time: 12:60", "7days; Inode grace time: ٧days"]
)
def test_a_grace_time_of_another_shape_is_refused(told: str) -> None:
    head = "*** Report for user quotas on device /dev/x"
    with pytest.raises(ParseError):
        quotas.graces(answer(f"{head}\nBlock grace time: {told}\n"))
    assert quotas.graces(answer(f"Block grace time: {told}\n")) == ()  # of no report


@pytest.mark.parametrize("exit_code", [1, 2, 127])
def test_where_it_is_not_mounted_no_grace_time_is_told(exit_code: int) -> None:
    assert quotas.graces(answer("", exit_code, "repquota: No correct mountpoint specified.\n")) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (7 * 86_400, "7 days"), (86_400, "1 day"), (129_600, "36 h"), (88_200, "24 h 30 min"), (7_200, "2 h"), (0, "0 s"),
    ],
)  # fmt: skip
def test_a_grace_time_is_not_rounded_to_days(seconds: int, words: str) -> None:
    assert long(seconds) == words


def test_both_are_asked_for_in_one_round_trip(web_files: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[list[str]] = []

    class World:
        def read(self, address: object, asks: list[Command]) -> list[SimpleNamespace]:
            trips.append([str(ask) for ask in asks])
            told = {"csv": captured("quotas", "both-kinds"), "no-names": captured("quota_graces", "both-kinds")}
            return [answer(next(text for word, text in told.items() if word in str(ask))) for ask in asks]

    monkeypatch.setattr(quota_reading, "world_for", lambda cluster: World())
    monkeypatch.setattr(quota_reading, "address_of", lambda node: node.name)
    volumes = web_files.volumes.count()
    inquiry = inquiries.ask(Inquiry.Kind.QUOTAS, web_files, asked_by="olga")
    found = quota_reading.read(inquiry)
    assert [len(trip) for trip in trips] == [2 * volumes] * web_files.nodes.count()
    assert all(
        f"-- {volume.mount_point}" in trips[0][2 * n + 1] for n, volume in enumerate(web_files.volumes.order_by("pk"))
    )
    for volume in web_files.volumes.all():
        assert found[volume.name]["graces"] == [
            {"kind": "user", "space": 604_800, "files": 129_600}, {"kind": "group", "space": 86_400, "files": 1_209_600},
        ]  # fmt: skip
        assert {use["who"] for use in found[volume.name]["uses"]} >= {"root", "1234"}


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
