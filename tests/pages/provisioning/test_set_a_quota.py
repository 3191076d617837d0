"""Quotas of a volume: the page of limits and usage, and the forms for a limit and for the grace time."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from clusters.models import Cluster
from provisioning import codec
from provisioning.intents import EditQuota
from provisioning.models import Inquiry, Job

pytestmark = pytest.mark.django_db
PAGE = "/c/web-files/volumes/web_files/quotas/"
MIB = 2**20


def page(response: Any) -> str:
    return response.content.decode()


def answer(cluster: Cluster, *uses: dict[str, Any]) -> None:
    Inquiry.objects.create(
        cluster=cluster, kind=Inquiry.Kind.QUOTAS, status=Inquiry.Status.DONE, asked_by="olga", ended_at=timezone.now(),
        result={"web_files": {"uses": list(uses), "node": "alice", "more": 0}},
    )  # fmt: skip


def use(who: str, **more: Any) -> dict[str, Any]:
    row = {"kind": "user", "who": who, "used": 0, "soft": 0, "hard": 0, "files": 0, "files_soft": 0, "files_hard": 0}
    return row | {"until": None, "files_until": None} | more


def test_the_page_says_that_nothing_was_read_and_asks_when_told(web_files: Cluster, vera_client: Client) -> None:
    assert "Not read yet" in page(vera_client.get(PAGE))
    assert vera_client.get(PAGE + "read/").status_code == 405
    assert vera_client.post(PAGE + "read/")["Location"] == PAGE
    inquiry = Inquiry.objects.get()
    assert (inquiry.kind, inquiry.asked_by) == ("quotas", "vera")
    assert 'hx-trigger="every 2s"' in page(vera_client.get(PAGE))
    Inquiry.objects.update(status="failed", problem="alice: no route to host")
    assert "alice: no route to host" in page(vera_client.get(PAGE))


def test_usage_and_limits_are_shown_the_fullest_first(web_files: Cluster, olga_client: Client) -> None:
    answer(
        web_files,
        use("carol", used=5 * MIB, soft=10 * MIB, hard=20 * MIB, files=3),
        use("1234", used=20 * MIB, soft=10 * MIB, hard=20 * MIB),
        use("<b>", used=12 * MIB, soft=10 * MIB),
        use("root", used=2 * MIB),
    )
    shown = page(olga_client.get(PAGE))
    assert [shown.index(word) for word in ("at its limit", "above the soft limit", "within")] == sorted(
        shown.index(word) for word in ("at its limit", "above the soft limit", "within")
    )
    assert "&lt;b&gt;" in shown and "<b> " not in shown
    assert "?kind=user&amp;who=1234" in shown and "who=root" not in shown
    assert "<html" not in page(olga_client.get(PAGE + "?part=table"))


def test_the_end_of_the_grace_time_is_told_for_space_and_for_files(web_files: Cluster, olga_client: Client) -> None:
    now = int(timezone.now().timestamp())
    over = {"used": 12 * MIB, "soft": 10 * MIB}
    answer(web_files, use("carol", **over, until=now + 3 * 86_400 + 600, files=9, files_soft=5, files_until=now - 60))
    shown = page(olga_client.get(PAGE))
    assert "grace ends in 3 days" in shown
    assert "above the soft limit of files" in shown and "grace is over: no more files can be made" in shown
    Inquiry.objects.all().delete()
    answer(web_files, use("carol", **over, until=now - 60), use("dave", used=1 * MIB, soft=10 * MIB, until=now - 60))
    shown = page(olga_client.get(PAGE))
    assert shown.count("grace is over: no more can be written") == 1 and "within" in shown


def test_the_grace_time_in_force_is_shown_as_it_was_read(web_files: Cluster, vera_client: Client) -> None:
    answer(web_files, use("carol"))
    assert "The last reading did not tell it." in page(vera_client.get(PAGE + "?part=table"))
    told = [{"kind": "user", "space": 604_800, "files": 129_600}, {"kind": "group", "space": 86_400, "files": 86_400}]
    Inquiry.objects.update(result={"web_files": {"uses": [use("carol")], "node": "alice", "more": 0, "graces": told}})
    shown = page(vera_client.get(PAGE + "?part=table"))
    assert "Users may stay above a soft limit for 7 days of space, 36 h of files." in shown
    assert "Groups may stay above a soft limit for 1 day, of space and of files." in shown
    Inquiry.objects.update(result={"web_files": {"uses": [use("carol")], "graces": [{"kind": "user"}]}})
    assert "The last reading did not tell it." in page(vera_client.get(PAGE))


def test_the_grace_time_begins_with_the_one_in_force(web_files: Cluster, olga_client: Client) -> None:
    def offered(kind: str = "") -> tuple[str, int]:
        form = olga_client.get(f"{PAGE}?kind={kind}").context["grace"]
        return form["kind"].value(), form["days"].value()

    assert offered() == ("user", 7)
    answer(web_files, use("carol"))
    assert offered() == ("user", 7)
    told = [{"kind": "user", "space": 259_200, "files": 1}, {"kind": "group", "space": 129_600, "files": 1}]
    Inquiry.objects.update(result={"web_files": {"uses": [use("carol")], "graces": told}})
    assert (offered(), offered("group"), offered("nobody")) == (("user", 3), ("group", 2), ("user", 3))


def graces(cluster: Cluster) -> None:
    answer(cluster, use("carol"))
    told = [{"kind": "user", "space": 259_200, "files": 1}, {"kind": "group", "space": 129_600, "files": 1}]
    Inquiry.objects.update(result={"web_files": {"uses": [use("carol")], "graces": told}})


@pytest.mark.parametrize(
    ("kind", "days", "follows"),
    [("group", "3", True), ("user", "3", False), ("group", "5", False), ("group", "", False), ("project", "3", False)],
)
def test_the_grace_time_follows_the_kind_that_is_chosen_unless_it_was_typed(
    kind: str, days: str, follows: bool, web_files: Cluster, olga_client: Client
) -> None:
    graces(web_files)
    response: Any = olga_client.post(PAGE + "grace/?check=1", {"kind": kind, "days": days, "offered": "3"})
    assert ('id="grace-days" hx-swap-oob="true"' in page(response)) == follows
    if follows:
        form = response.context["following"]
        assert (form["days"].value(), form["offered"].value()) == (2, 2)


def test_without_scripts_the_time_of_the_other_kind_is_not_taken_unseen(
    web_files: Cluster, olga_client: Client
) -> None:
    graces(web_files)
    asked: Any = olga_client.post(PAGE + "grace/", {"kind": "group", "days": "3", "offered": "3"})
    assert asked.status_code == 422 and not Job.objects.exists()
    assert "For a group it is 2 now" in page(asked)
    assert [asked.context["form"][name].value() for name in ("kind", "days", "offered")] == ["group", 2, 2]
    meant = olga_client.post(PAGE + "grace/", {"kind": "group", "days": "3", "offered": "2"})
    assert meant.status_code == 302
    assert codec.load(EditQuota, Job.objects.get().intent).grace == 3 * 86_400


def test_a_limit_becomes_a_job_and_begins_with_what_is_there(web_files: Cluster, olga_client: Client) -> None:
    answer(web_files, use("1234", used=20 * MIB, soft=10 * MIB, hard=20 * MIB, files_hard=7))
    form = olga_client.get(PAGE + "edit/?kind=user&who=1234").context["form"]
    assert [form[name].value() for name in ("who", "soft", "soft_unit", "hard", "files_hard")] == [
        "1234",
        "10",
        "MiB",
        "20",
        7,
    ]
    typed = {
        "kind": "user",
        "who": "1234",
        "soft": "1.5",
        "soft_unit": "GiB",
        "hard": "2",
        "hard_unit": "GiB",
        "files_hard": "100",
    }
    response = olga_client.post(PAGE + "edit/", typed)
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/" and job.action == "quota.edit"
    wanted = EditQuota("web-files", "web_files", "user", "1234", 1536 * 1024, 2 * 2**20, 0, 100)
    assert codec.load(EditQuota, job.intent) == wanted


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"who": ""}, "required"),
        ({"who": "root"}, "root has no limits"),
        ({"who": "0"}, "root has no limits"),
        ({"who": "a b"}, "The name"),
        ({"who": "-x"}, "not the name or number"),
        ({"who": "99999999999"}, "not the name or number"),
        ({"kind": "project"}, "not one of the available choices"),
        ({"soft": "3"}, "soft limit is above the hard one"),
        ({"hard": "lots"}, "not a size"),
        ({"files_soft": "9"}, "soft limit is above the hard one"),
        ({"files_hard": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, str], said: str, web_files: Cluster, olga_client: Client) -> None:
    typed = {
        "kind": "user",
        "who": "carol",
        "soft": "1",
        "soft_unit": "GiB",
        "hard": "2",
        "hard_unit": "GiB",
        "files_hard": "5",
    }
    response = olga_client.post(PAGE + "edit/", typed | changes)
    assert response.status_code == 422 and said in page(response)
    assert not Job.objects.exists()
    checked = page(olga_client.post(PAGE + "edit/?check=1", typed | changes))
    assert said in checked and "<html" not in checked


def test_no_limit_is_a_limit_too(web_files: Cluster, olga_client: Client) -> None:
    typed = {"kind": "group", "who": "staff", "soft": "", "soft_unit": "GiB", "hard": "0", "hard_unit": "GiB"}
    assert olga_client.post(PAGE + "edit/", typed).status_code == 302
    assert codec.load(EditQuota, Job.objects.get().intent) == EditQuota("web-files", "web_files", "group", "staff")


def test_the_grace_time_is_set_for_all(web_files: Cluster, olga_client: Client) -> None:
    assert olga_client.post(PAGE + "grace/", {"kind": "user", "days": "0"}).status_code == 422
    assert olga_client.post(PAGE + "grace/", {"kind": "user", "days": "14"}).status_code == 302
    assert codec.load(EditQuota, Job.objects.get().intent) == EditQuota(
        "web-files", "web_files", "user", "", grace=14 * 86400
    )


def test_who_may_not(web_files: Cluster, vera_client: Client, mallory_client: Client) -> None:
    assert vera_client.get(PAGE).status_code == 200 and "Set a limit" not in page(vera_client.get(PAGE))
    assert vera_client.get(PAGE + "edit/").status_code == vera_client.post(PAGE + "grace/").status_code == 403
    for path, method in (
        (PAGE, "get"),
        (PAGE + "?part=table", "get"),
        (PAGE + "edit/", "get"),
        (PAGE + "read/", "post"),
    ):
        assert getattr(mallory_client, method)(path).status_code == 404
