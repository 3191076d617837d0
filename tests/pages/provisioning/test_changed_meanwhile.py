"""A form of something in service that somebody else changed while it was open does not put old values back unseen."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from clusters.models import Cluster, SnapshotSchedule, TrimSchedule, Volume
from provisioning.models import Job

pytestmark = pytest.mark.django_db
SAID = 'id="changed-meanwhile"'
TRIM = {"what": "schedule", "day": "", "hour": "3"}


def fields(page: str, form: str) -> dict[str, Any]:
    """What a browser would send of an untouched form."""
    body = page[page.index(f'id="{form}"') :]
    body = body[: body.index("</form>")]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        told = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if told.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        if "name" in told and told["name"] != "csrfmiddlewaretoken":
            sent[told["name"]] = told.get("value", "on" if told.get("type") == "checkbox" else "")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        sent[name] = chosen.group(1) if chosen else ""
    return sent


def shown(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def send(client: Client, url: str, data: dict[str, Any]) -> Any:
    return client.post(url, data)


@pytest.fixture
def media(web_files: Cluster) -> Volume:
    return web_files.volumes.get(name="media")


def test_options_that_somebody_else_set_are_not_taken_back_unseen(media: Volume, olga_client: Client) -> None:
    url = "/c/web-files/volumes/media/edit/"
    data = fields(shown(olga_client, url), "edit-form") | {"name": "films"}
    Volume.objects.filter(pk=media.pk).update(mount_options="noatime")
    answer = send(olga_client, url, data)
    page = answer.content.decode()
    assert answer.status_code == 409 and SAID in page and not Job.objects.exists()
    assert "Mount options: was empty, is now noatime" in page and 'value="films"' in page
    again = send(olga_client, url, fields(page, "edit-form"))
    assert again.status_code == 302 and Job.objects.get().intent["volume"]["name"] == "films"


def test_what_is_still_so_is_planned_at_once(media: Volume, olga_client: Client) -> None:
    url = "/c/web-files/volumes/media/edit/"
    data = fields(shown(olga_client, url), "edit-form") | {"name": "films"}
    assert send(olga_client, url, data).status_code == 302


def test_clients_that_somebody_else_added_stay(web_files: Cluster, olga_client: Client) -> None:
    export = web_files.exports.get()
    url = f"/c/web-files/exports/{export.fsid}/edit/"
    data = fields(shown(olga_client, url), "export-form") | {"c0-access": "ro"}
    export.clients.create(position=9, client="10.10.0.99", options="rw,sync")
    answer = send(olga_client, url, data)
    assert answer.status_code == 409 and "10.10.0.99(rw,sync)" in answer.content.decode() and not Job.objects.exists()
    assert send(olga_client, url, fields(answer.content.decode(), "export-form")).status_code == 302


def test_settings_of_the_nfs_server(web_files: Cluster, olga_client: Client) -> None:
    url = "/c/web-files/nfs/"
    data = fields(shown(olga_client, url), "nfs-form") | {"versions": ["3", "4.2"]}
    Cluster.objects.filter(pk=web_files.pk).update(nfs_threads=64)
    answer = send(olga_client, url, data)
    assert answer.status_code == 409 and "is now 64" in answer.content.decode() and not Job.objects.exists()


def test_a_schedule_of_snapshots(media: Volume, olga_client: Client) -> None:
    url = "/c/web-files/volumes/media/snapshots/schedule/"
    data = fields(shown(olga_client, url), "snapshot-form") | {"daily": "3", "size": "1", "unit": "MiB"}
    SnapshotSchedule.objects.create(volume=media, enabled=True, daily=7, size=4 * 1024**2)
    answer = send(olga_client, url, data)
    assert answer.status_code == 409 and "was empty, is now 7" in answer.content.decode()
    assert SnapshotSchedule.objects.get().daily == 7


def test_a_schedule_of_trims(media: Volume, olga_client: Client) -> None:
    url = "/c/web-files/volumes/media/trim/"
    TrimSchedule.objects.create(volume=media, enabled=True, weekday=None, hour=2)
    data = fields(shown(olga_client, url), "trim-schedule") | TRIM
    TrimSchedule.objects.update(hour=5)
    answer = send(olga_client, url, data)
    assert answer.status_code == 409 and "was 2, is now 5" in answer.content.decode()
    assert TrimSchedule.objects.get().hour == 5
    assert send(olga_client, url, {"what": "now", "as_of": data["as_of"]}).status_code == 302


@pytest.mark.parametrize("sent", ["", "[1]", "not json", "[" * 100_000, '{"Name": ["x"]}'])
def test_what_no_form_of_ours_sends_stops_nobody_and_breaks_nothing(
    media: Volume, olga_client: Client, sent: str
) -> None:
    url = "/c/web-files/volumes/media/edit/"
    data = fields(shown(olga_client, url), "edit-form") | {"name": "films", "as_of": sent}
    assert send(olga_client, url, data).status_code in (302, 409)


def test_what_was_typed_in_a_tab_that_was_left_is_told_too(media: Volume, olga_client: Client) -> None:
    url = "/c/web-files/volumes/media/edit/"
    page = shown(olga_client, url)
    data = fields(page, "edit-form") | {"mount_options": "nodev"}
    Volume.objects.filter(pk=media.pk).update(mount_options="noatime")
    rows = [[name, value] for name, value in data.items() if name not in ("key", "form_of")]
    back = olga_client.post("/typed/", {"page": url, "fields": json.dumps(rows)}, follow=True)
    assert SAID in back.content.decode() and "is now noatime" in back.content.decode()
