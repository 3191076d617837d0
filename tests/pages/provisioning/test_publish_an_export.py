"""The form for a new export on a running pair."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, Volume
from provisioning import codec
from provisioning.actions import ACTIONS
from provisioning.desired import DesiredExport, ExportClient
from provisioning.intents import PublishExport
from provisioning.models import Job
from provisioning.pages import export_line
from provisioning.render import nfs
from provisioning.snapshot import desired_of

pytestmark = pytest.mark.django_db
URL = "/c/web-files/exports/new/"
GOOD = {
    "volume": "media", "directory": "", "clients": "2",
    "c0-client": "10.10.0.0/24", "c0-access": "rw", "c0-squash": "root_squash", "c0-security": "", "c0-sync": "on", "c0-more": "",
    "c1-client": "backup.example.org", "c1-access": "ro", "c1-squash": "no_root_squash", "c1-security": "sec=krb5p", "c1-sync": "on",
    "c1-insecure": "on", "c1-more": "crossmnt",
}  # fmt: skip


def page(response: Any) -> str:
    return response.content.decode()


def test_it_becomes_a_job_with_each_client_s_own_options(web_files: Cluster, olga_client: Client):
    response = olga_client.post(URL, GOOD)
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    clients = (
        ExportClient("10.10.0.0/24", ("rw", "sync", "no_subtree_check", "root_squash")),
        ExportClient(
            "backup.example.org",
            ("ro", "sync", "no_subtree_check", "no_root_squash", "sec=krb5p", "insecure", "crossmnt"),
        ),
    )
    wanted = DesiredExport("/srv/media", 2, clients, "media")
    assert codec.load(PublishExport, job.intent) == PublishExport("web-files", wanted)


def test_its_directory_can_be_given_away(web_files: Cluster, olga_client: Client):
    olga_client.post(URL, GOOD | {"directory": "pages", "owner": "1000:1000", "mode": "2770"})
    wanted = codec.load(PublishExport, Job.objects.get().intent)
    assert (wanted.export.owner, wanted.export.mode) == ("1000:1000", "2770")
    ACTIONS["export.publish"].begin(web_files, wanted)
    ACTIONS["export.publish"].settle(web_files, wanted)
    assert wanted.export in desired_of(web_files).exports


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("a/b", "/srv/media/a/b"),
        ("/srv/media/a/b", "/srv/media/a/b"),
        ("srv/media/a", "/srv/media/srv/media/a"),
        ("/srv/media", "/srv/media"),
        ("//srv/media/a", "/srv/media/a"),
    ],
)
def test_a_directory_is_taken_below_the_mount_point_and_as_a_whole_path(
    typed: str, path: str, web_files: Cluster, olga_client: Client
):
    olga_client.post(URL, GOOD | {"directory": typed})
    assert codec.load(PublishExport, Job.objects.get().intent).export.path == path


def test_an_owner_that_is_none_is_refused(web_files: Cluster, olga_client: Client):
    response = olga_client.post(URL, GOOD | {"owner": "a b", "mode": "9"})
    assert response.status_code == 422
    assert "a blank" in page(response)
    assert "not a mode" in page(response)
    assert not Job.objects.exists()


def test_a_second_plan_gets_another_fsid(web_files: Cluster, olga_client: Client):
    olga_client.post(URL, GOOD | {"directory": "one"})
    olga_client.post(URL, GOOD | {"directory": "two"})
    assert [codec.load(PublishExport, job.intent).export.fsid for job in Job.objects.order_by("pk")] == [2, 3]


@pytest.mark.parametrize("sent", ["fsid", "c0-fsid"])
def test_the_fsid_cannot_be_chosen(sent: str, web_files: Cluster, olga_client: Client):
    olga_client.post(URL, GOOD | {sent: "0"})
    assert codec.load(PublishExport, Job.objects.get().intent).export.fsid == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"c0-client": "10.1.2.3/8"}, "Use 10.0.0.0/8"),
        ({"c0-client": "10.10.0.5 (rw)"}, "everybody"),
        ({"c0-client": "0.0.0.0/0"}, "if you mean it, write *"),
        ({"c0-client": "10.0.0.*"}, "never against addresses"),
        ({"c0-client": "10.0.0.1 10.0.0.2"}, "One client in each row"),
        ({"c0-client": "host\n/etc *(rw)"}, "without brackets"),
        ({"c0-client": "‮moc.live"}, "not possible here"),
        ({"c0-client": ""}, "required"),
        ({"c0-client": "@"}, "not a netgroup"),
        ({"c1-client": "10.10.0.0/24"}, "stands in row 1 already"),
        ({"c0-more": "fsid=0"}, "the panel gives it"),
        ({"c0-more": "ro"}, "exclude each other"),
        ({"c0-more": "rw) *(rw"}, "a blank"),
        ({"c0-more": "no_root_sqash"}, "Use no_root_squash"),
        ({"c0-access": "rwx"}, "not one of the available choices"),
        ({"directory": "../etc"}, "where it really is"),
        ({"directory": "a b"}, "a blank"),
        ({"directory": "a;reboot"}, "contains"),
        ({"directory": "/srv/mediafiles"}, "It does not lie in the volume, which is mounted at /srv/media."),
        ({"directory": "/"}, "It does not lie in the volume, which is mounted at /srv/media."),
        ({"directory": "/films"}, "Use films"),
        ({"directory": "/srv/media/films/"}, "Use /srv/media/films"),
        ({"volume": "nothing"}, "There is no volume nothing. web-files has media and web_files."),
        ({"volume": "web_files"}, "is exported already, with fsid 1"),
    ],
)
def test_hostile_or_mistaken_input_is_refused_at_its_field(
    changes: dict[str, str], said: str, web_files: Cluster, olga_client: Client
):
    response = olga_client.post(URL, GOOD | changes)
    assert response.status_code == 422
    assert said in page(response)
    assert not Job.objects.exists()


@pytest.mark.parametrize("count", ["", "-1", "99999", "x", "0", "1e9", "٣"])
def test_a_count_of_rows_that_is_none_makes_few(count: str, web_files: Cluster, olga_client: Client):
    response = olga_client.post(URL, GOOD | {"clients": count})
    assert response.status_code in (302, 422)


def test_rows_are_added_and_dropped_without_scripts(web_files: Cluster, olga_client: Client):
    more = page(olga_client.post(URL, GOOD | {"add": "1"}))
    assert 'name="c2-client"' in more and 'value="backup.example.org"' in more and 'name="clients" value="3"' in more
    less = page(olga_client.post(URL, GOOD | {"drop": "c0"}))
    assert 'name="c1-client"' not in less and 'value="backup.example.org"' in less and "10.10.0.0/24" not in less
    assert not Job.objects.exists()


def test_an_offered_network_is_one_press_away(web_files: Cluster, olga_client: Client):
    shown = page(olga_client.post(URL, GOOD | {"c0-client": "10.1.2.3/8"}))
    assert 'name="use" value="c0-client=10.0.0.0/8"' in shown
    taken = page(olga_client.post(URL, GOOD | {"c0-client": "10.1.2.3/8", "use": "c0-client=10.0.0.0/8"}))
    assert 'value="10.0.0.0/8"' in taken
    assert not Job.objects.exists()


def test_the_line_is_shown_while_typing(web_files: Cluster, olga_client: Client):
    response = olga_client.post(URL + "?check=1", GOOD | {"c1-client": ""})
    shown = page(response)
    assert response.status_code == 200 and "<input" not in shown
    assert "/srv/media 10.10.0.0/24(rw,sync,no_subtree_check,root_squash,mountpoint,fsid=2)" in shown
    assert "mount -t nfs4 10.10.0.50:/srv/media /mnt" in shown
    assert not Job.objects.exists()


def test_a_check_renews_the_rows_that_the_page_has(web_files: Cluster, olga_client: Client):
    """A button that was pressed goes with the check that its press began."""
    for pressed in ({"add": "1"}, {"drop": "c0"}):
        response = olga_client.post(URL + "?check=1", GOOD | pressed)
        assert [row["client"].value() for row in response.context["client_rows"]] == [
            GOOD["c0-client"],
            GOOD["c1-client"],
        ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"c0-client": "*"}, "everybody who can reach"),
        ({"c0-sync": ""}, "is lost in a failover"),
        ({}, "may read, change and delete every file"),
    ],
)
def test_what_is_possible_but_unwise_is_said(
    changes: dict[str, str], said: str, web_files: Cluster, olga_client: Client
):
    assert said in page(olga_client.post(URL + "?check=1", GOOD | changes))


def test_what_only_the_other_exports_tell_is_said_while_typing(web_files: Cluster, olga_client: Client):
    within = GOOD | {"volume": "web_files", "directory": "pages"}
    shown = page(olga_client.post(URL + "?check=1", within))
    assert "/srv/web_files/pages lies within /srv/web_files, which is exported, too." in shown
    assert "lies within /srv" not in page(olga_client.post(URL + "?check=1", GOOD))


def test_a_client_that_nfs_could_not_hold_is_said_while_typing(web_files: Cluster, olga_client: Client):
    long = ".".join(["a" * 62] * 4)
    more = {"c0-client": long, "c0-more": "sec=krb5p:krb5i:krb5:sys,nordirplus,security_label,anonuid=100000000"}
    shown = page(olga_client.post(URL + "?check=1", GOOD | more))
    assert "characters in NFS&#x27; table, which reads 511." in shown and "w-danger" in shown


def test_an_address_of_the_other_kind_does_not_reach_the_service_ip(web_files: Cluster, olga_client: Client):
    shown = page(olga_client.post(URL + "?check=1", GOOD | {"c0-client": "fd00::/64"}))
    assert "fd00::/64 is IPv6, and the service IP 10.10.0.50 is IPv4: nobody with such an address reaches it." in shown
    assert olga_client.post(URL, GOOD | {"c0-client": "fd00::/64"}).status_code == 302


def test_it_says_that_both_versions_mount_the_same_path(web_files: Cluster, olga_client: Client):
    said = "Clients of NFSv4 mount the same path as those of NFSv3"
    assert said in page(olga_client.post(URL + "?check=1", GOOD))
    assert said in page(olga_client.get("/c/web-files/nfs/"))


def test_sections_of_flavours_are_refused_with_what_to_write(web_files: Cluster, olga_client: Client):
    shown = page(olga_client.post(URL, GOOD | {"c0-more": "sec=krb5,crossmnt,sec=sys"}))
    assert "Several flavours go into one, as in sec=krb5:sys" in shown
    shown = page(olga_client.post(URL, GOOD | {"c1-more": "sec=sys"}))  # beside what is chosen in the row
    assert "Several flavours go into one, as in sec=krb5:sys" in shown
    assert not Job.objects.exists()


def test_without_a_volume_there_is_nothing_to_export(web_files: Cluster, olga_client: Client):
    web_files.exports.all().delete()
    web_files.volumes.all().delete()
    assert "There is no volume to export yet" in page(olga_client.get(URL))


@pytest.mark.parametrize("path", ["/srv/web_files", "/srv/web_files/below"])
def test_the_line_on_the_page_is_the_line_in_the_file(path: str, web_files: Cluster):
    export = web_files.exports.get()
    export.path = path
    export.save()
    desired = desired_of(web_files)
    written = str(nfs.exports(desired).content).splitlines()[-1]
    assert export_line.line("web-files", desired.exports[0], Volume.objects.get(name="web_files")) == written


def test_a_directory_on_offer_lies_in_the_volume(web_files: Cluster, olga_client: Client):
    """The offer once began with a mount point that no volume has."""
    volume = web_files.volumes.get(name="media")
    refused: Any = olga_client.post(URL, GOOD | {"volume": volume.name, "directory": "a//b/"})
    assert refused.context["export_form"].offers == {"directory": "a/b"}
    taken: Any = olga_client.post(URL, GOOD | {"volume": volume.name, "directory": "a//b/", "use": "directory=a/b"})
    assert taken.context["export_form"].path() == f"{volume.mount_point}/a/b"
