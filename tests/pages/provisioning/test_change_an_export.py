"""The forms for an export that is in service: change it, withdraw it, ask what a client would get."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Export
from clusters.states import Inventory
from provisioning import codec
from provisioning.actions import ACTIONS
from provisioning.desired import ExportClient
from provisioning.intents import EditExport, WithdrawExport
from provisioning.models import Job

pytestmark = pytest.mark.django_db
FIRST = {
    "clients": "1", "c0-client": "10.10.0.0/24", "c0-access": "rw", "c0-squash": "root_squash", "c0-security": "", "c0-sync": "on", "c0-more": "",
}  # fmt: skip
SECOND = {
    "clients": "2", "c1-client": "10.10.0.77", "c1-access": "ro", "c1-squash": "all_squash", "c1-security": "", "c1-sync": "on", "c1-more": "",
}  # fmt: skip


def page(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def export(web_files: Cluster) -> Export:
    return web_files.exports.get()


@pytest.fixture
def edit(export: Export) -> str:
    return f"/c/web-files/exports/{export.fsid}/edit/"


@pytest.fixture
def withdraw(export: Export) -> str:
    return f"/c/web-files/exports/{export.fsid}/withdraw/"


def set_clients(export: Export, *clients: tuple[str, str]) -> None:
    export.clients.all().delete()
    for position, (client, options) in enumerate(clients):
        export.clients.create(position=position, client=client, options=options)


def test_the_form_shows_what_stands_there(export: Export, edit: str, olga_client: Client):
    set_clients(
        export,
        ("10.10.0.0/24", "ro,async,insecure,subtree_check,all_squash,anonuid=7,sec=krb5p"),
        ("@hosts", "rw,sync"),
    )
    html = page(olga_client.get(edit))
    assert 'value="@hosts"' in html
    assert "subtree_check,anonuid=7" in html
    assert (
        f"{export.path} 10.10.0.0/24(ro,async,insecure,subtree_check,all_squash,anonuid=7,sec=krb5p,mountpoint,fsid={export.fsid}) @hosts("
        in html
    )
    assert 'name="volume"' not in html


def test_it_becomes_a_job_that_changes_only_the_clients(export: Export, edit: str, olga_client: Client):
    response = olga_client.post(edit, FIRST | SECOND)
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    intent = codec.load(EditExport, job.intent)
    assert (intent.export.path, intent.export.fsid, intent.export.volume) == (
        export.path,
        export.fsid,
        export.volume.name,
    )
    assert [client.client for client in intent.export.clients] == ["10.10.0.0/24", "10.10.0.77"]
    ACTIONS["export.edit"].settle(export.cluster, intent)
    assert list(export.clients.values_list("client", "options")) == [
        ("10.10.0.0/24", "rw,sync,no_subtree_check,root_squash"), ("10.10.0.77", "ro,sync,no_subtree_check,all_squash"),
    ]  # fmt: skip


def test_what_was_typed_stays_when_it_is_refused(edit: str, olga_client: Client):
    response = olga_client.post(edit, FIRST | {"c0-client": "10.10.0.0/24 (rw)", "c0-more": "no_wdelay"})
    assert response.status_code == 422
    assert "with the blank, NFS would read it as everybody" in page(response)
    assert 'value="no_wdelay"' in page(response)
    assert not Job.objects.exists()


def test_an_option_that_no_rule_knows_is_not_lost_by_editing(export: Export, edit: str, olga_client: Client):
    set_clients(export, ("10.10.0.0/24", "rw,sync,no_subtree_check,root_squash,from_the_future=3"))
    assert 'value="from_the_future=3"' in page(olga_client.get(edit))
    olga_client.post(edit, FIRST | {"c0-more": "from_the_future=3,no_wdelay"})
    intent = codec.load(EditExport, Job.objects.get().intent)
    assert intent.export.clients == (
        ExportClient(
            "10.10.0.0/24", ("rw", "sync", "no_subtree_check", "root_squash", "from_the_future=3", "no_wdelay")
        ),
    )


def test_an_option_that_no_rule_knows_cannot_be_added(edit: str, olga_client: Client):
    response = olga_client.post(edit, FIRST | {"c0-more": "from_the_future=3"})
    assert response.status_code == 422
    assert "is not an option the panel knows" in page(response)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("10.10.0.5", "10.10.0.5 may read and write, root squashed, as part of 10.10.0.0/24."),
        ("10.10.0.77", "10.10.0.77 may only read, everybody squashed, as 10.10.0.77."), ("192.0.2.1", "192.0.2.1 may not mount it."),
        ("::ffff:10.10.0.5", "10.10.0.5 may read and write, root squashed, as part of 10.10.0.0/24."),
        ("fd00::7", "fd00::7 cannot reach the service IP 10.10.0.50 by IPv6"), ("<b>", "“&lt;b&gt;” is not an address."),
    ],
)  # fmt: skip
def test_what_a_client_would_get_is_told_while_typing_and_without_scripts(
    edit: str, address: str, says: str, olga_client: Client
):
    asked = FIRST | SECOND | {"address": address}
    assert says in page(olga_client.post(f"{edit}?check=1", asked))
    response = olga_client.post(edit, asked | {"ask": "1"})
    assert says in page(response)
    assert not Job.objects.exists()


def test_an_answer_is_not_settled_while_a_client_is_refused(edit: str, olga_client: Client):
    asked = FIRST | SECOND | {"c1-more": "sync=9", "address": "10.10.0.77"}
    told = "Not settled while client 2 is refused. By the others: 10.10.0.77 may read and write"
    assert told in page(olga_client.post(f"{edit}?check=1", asked))
    assert told in page(olga_client.post(edit, asked | {"ask": "1"}))
    assert "Not settled" not in page(olga_client.post(f"{edit}?check=1", asked | {"c1-more": "", "c1-client": ""}))


def test_the_form_of_a_new_export_answers_too(web_files: Cluster, olga_client: Client):
    asked = FIRST | {"volume": "media", "directory": "", "address": "10.10.0.5", "ask": "1"}
    assert "10.10.0.5 may read and write" in page(olga_client.post("/c/web-files/exports/new/", asked))


def test_the_page_of_an_export_answers_too(export: Export, vera_client: Client):
    set_clients(export, ("10.10.0.0/24", "rw,sync,no_root_squash"))
    assert "10.10.0.5 may read and write, root stays root" in page(
        vera_client.get(f"{export.get_absolute_url()}?address=10.10.0.5")
    )
    assert "fd00::7 cannot reach the service IP" in page(
        vera_client.get(f"{export.get_absolute_url()}?address=fd00::7")
    )


def test_networks_that_overlap_are_said_while_typing(edit: str, olga_client: Client):
    html = page(olga_client.post(f"{edit}?check=1", FIRST | SECOND | {"c1-client": "10.10.0.64/26"}))
    assert "10.10.0.64/26 lies within 10.10.0.0/24, which stands before it" in html


def test_every_option_has_a_sentence(edit: str, olga_client: Client):
    html = page(olga_client.get(edit))
    for words in ("no_root_squash", "whoever is root on a client may read", "crossmnt", "Not written by the panel"):
        assert words in html


def test_withdrawing_asks_first_and_becomes_a_job(export: Export, withdraw: str, olga_client: Client):
    html = page(olga_client.get(withdraw))
    assert "stale file handle" in html
    assert not Job.objects.exists()
    response = olga_client.post(withdraw)
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert codec.load(WithdrawExport, job.intent) == WithdrawExport("web-files", export.path, export.fsid)


def test_a_withdrawn_export_is_gone_and_its_fsid_is_not_given_again(export: Export, olga_client: Client):
    intent = WithdrawExport("web-files", export.path, export.fsid)
    action = ACTIONS["export.withdraw"]
    action.begin(export.cluster, intent)
    assert Export.objects.get().inventory == Inventory.REMOVING
    action.give_back(export.cluster, intent, True)
    assert Export.objects.get().inventory == Inventory.REMOVING
    action.give_back(export.cluster, intent, False)
    assert Export.objects.get().inventory == Inventory.PRESENT
    action.begin(export.cluster, intent)
    action.settle(export.cluster, intent)
    assert not Export.objects.exists()
    olga_client.post("/c/web-files/exports/new/", FIRST | {"volume": "media", "directory": ""})
    assert Job.objects.get().intent["export"]["fsid"] == export.fsid + 1


def test_what_is_half_withdrawn_can_be_withdrawn_again_and_not_changed(
    export: Export, edit: str, withdraw: str, olga_client: Client
):
    Export.objects.update(inventory=Inventory.REMOVING)
    html = page(olga_client.get(export.get_absolute_url()))
    assert 'id="do-export-withdraw"' in html
    assert 'id="do-export-edit"' not in html
    assert olga_client.get(edit).status_code == 404
    assert "did not finish" in page(olga_client.get(withdraw))


def test_who_may(edit: str, withdraw: str, vera_client: Client, mallory_client: Client):
    for path in (edit, withdraw):
        assert vera_client.get(path).status_code == 403
        assert vera_client.post(path, FIRST).status_code == 403
        assert mallory_client.get(path).status_code == 404
        assert mallory_client.post(path, FIRST).status_code == 404
    assert not Job.objects.exists()


def test_other_methods_are_refused(edit: str, withdraw: str, olga_client: Client):
    for path in (edit, withdraw):
        assert olga_client.put(path).status_code == 405
        assert olga_client.delete(path).status_code == 405


def test_an_export_that_is_not_there(web_files: Cluster, olga_client: Client):
    assert olga_client.get("/c/web-files/exports/999/edit/").status_code == 404
    assert olga_client.get("/c/web-files/exports/999/withdraw/").status_code == 404


def test_an_export_with_many_clients_keeps_them_all(export: Export, edit: str, olga_client: Client):
    """A limit on rows once withdrew whoever stood behind it."""
    set_clients(export, *((f"10.20.0.{number}", "rw,sync,no_subtree_check,root_squash") for number in range(1, 46)))
    form = olga_client.get(edit)
    assert len(form.context["client_rows"]) == 45
    sent = {"clients": "45"}
    for row in form.context["client_rows"]:
        sent |= {key: value for key, value in row.data.items() if key.startswith(f"{row.prefix}-")}
    assert olga_client.post(edit, sent).status_code == 302
    intent = codec.load(EditExport, Job.objects.get().intent)
    assert [client.client for client in intent.export.clients] == [f"10.20.0.{number}" for number in range(1, 46)]


def test_one_client_too_many_is_said_and_none_is_dropped(edit: str, olga_client: Client):
    rows = {f"c{number}-client": f"10.20.0.{number + 1}" for number in range(41)}
    for asked in (rows | {"clients": "41"}, {**rows, "clients": "40", "add": "1"}):
        refused: Any = olga_client.post(edit, asked)
        assert refused.status_code == 422
        assert "More than 40 clients are not taken." in page(refused)
    assert len(olga_client.post(edit, rows | {"clients": "41"}).context["client_rows"]) == 41
    assert not Job.objects.exists()


def test_a_client_that_nobody_touches_stays_as_it_is_written(export: Export, edit: str, olga_client: Client):
    """Its options were once written out, and stood among the changes."""
    set_clients(export, ("10.10.0.0/24", "sync,rw"), ("10.10.0.77", "ro,all_squash"))
    olga_client.post(edit, FIRST | SECOND | {"c1-squash": "root_squash"})
    first, second = codec.load(EditExport, Job.objects.get().intent).export.clients
    assert first == ExportClient("10.10.0.0/24", ("sync", "rw"))
    assert second == ExportClient("10.10.0.77", ("ro", "sync", "no_subtree_check", "root_squash"))


def test_names_that_differ_in_capitals_are_one_client(edit: str, olga_client: Client):
    posted = FIRST | SECOND | {"c0-client": "Web.example.org", "c1-client": "web.example.org"}
    assert "web.example.org stands in row 1 already." in page(olga_client.post(edit, posted))
    netgroups = FIRST | SECOND | {"c0-client": "@Web", "c1-client": "@web"}
    assert olga_client.post(edit, netgroups).status_code == 302
