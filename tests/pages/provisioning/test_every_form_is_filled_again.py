"""Every form of the panel gives back what was typed in it, and no password is ever kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import get_resolver

from clusters import typed
from clusters.models import AuditEntry, Cluster, Snapshot
from provisioning.models import Batch, Inquiry, Job
from storagepanel import settings as project
from tests.pages.provisioning import conftest as these
from tests.pages.provisioning.lost_forms import EDIT, NEW, lose, page, sign_in
from tests.pages.provisioning.test_change_an_export import FIRST
from tests.pages.provisioning.test_create_a_volume import GIB, GOOD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room_for_volumes")]


def snapshot(cluster: Cluster) -> Snapshot:
    volume = cluster.volumes.get(name="web_files")
    return Snapshot.objects.create(volume=volume, name="before", lv="web_files_before", size=GIB, inventory="present")


FORMS = {
    "/new/": ({"slug": "shop-two", "labels": "berlin"}, 'value="shop-two"'),
    "/c/shop-files/draft/nodes/": (these.NODES | {"o-ssh_host": "10.10.0.31"}, 'value="10.10.0.31"'),
    "/c/shop-files/draft/storage/": (these.STORAGE | {"vg": "vg_other"}, 'value="vg_other"'),
    "/c/shop-files/draft/service/": (these.SERVICE | {"deadtime": "17"}, 'value="17"'),
    "/c/shop-files/draft/volumes/?add=volume": (GOOD | {"mount_point": "/srv/odd"}, 'value="/srv/odd"'),
    NEW: (GOOD, 'value="/srv/shop"'),
    "/c/web-files/volumes/media/grow/": ({"size": "31", "unit": "GiB"}, 'value="31"'),
    "/c/web-files/volumes/media/edit/": ({"name": "media", "mount_point": "/srv/films", "mount_options": ""}, 'value="/srv/films"'),
    "/c/web-files/volumes/media/check/": ({"way": "itself"}, 'value="itself"[^>]*checked'),
    "/c/web-files/volumes/media/trim/": ({"what": "schedule", "day": "3", "hour": "5"}, '<option value="5" selected>'),
    "/c/web-files/volumes/media/quotas/edit/": ({"kind": "user", "who": "carol", "soft": "3"}, 'value="carol"'),
    "/c/web-files/volumes/media/snapshots/new/": ({"name": "my-own", "size": "2", "unit": "GiB"}, 'value="my-own"'),
    "/c/web-files/volumes/media/snapshots/schedule/": ({"enabled": "on", "hourly": "23", "size": "1", "unit": "GiB"}, 'value="23"'),
    "/c/web-files/volumes/web_files/snapshots/before/open/": ({"clients": "10.10.0.99"}, "10.10.0.99"),
    "/c/web-files/resource/grow/": ({"size": "93", "unit": "GiB"}, 'value="93"'),
    "/c/web-files/exports/new/": ({"volume": "media", "directory": "films"} | FIRST, 'value="films"'),
    EDIT: (FIRST | {"c0-client": "10.77.0.0/16"}, 'value="10.77.0.0/16"'),
    "/c/web-files/nfs/": ({"threads": "77"}, 'value="77"'),
    "/volumes/import/": ({"text": "cluster,name\n"}, "cluster,name\n"),
    "/people/": ({"username": "carol", "level": "2", "cluster": ""}, 'value="carol"'),
}  # fmt: skip


@pytest.mark.parametrize("url", FORMS)
def test_every_form_is_filled_again(url: str, tab: Client, ada: Any, web_files: Cluster, read_draft: Cluster):
    snapshot(web_files)
    fields, wanted = FORMS[url]
    jobs, inquiries, batches = Job.objects.count(), Inquiry.objects.count(), Batch.objects.count()
    asked = lose(tab, url, fields, as_="ada")
    assert asked.status_code == 401, page(asked)[:500]
    entries = AuditEntry.objects.count()
    shown = tab.get(sign_in(tab, "ada", page(asked))["Location"])
    assert shown.status_code == 200
    assert re.search(wanted, page(shown)) and "data-filled" in page(shown)
    assert (Job.objects.count(), Inquiry.objects.count(), Batch.objects.count()) == (jobs, inquiries, batches)
    assert AuditEntry.objects.count() == entries + 1  # the signing in


def secret_names() -> Iterator[str]:
    """Every field of type password: of the forms, and of the templates that write one by hand."""
    kinds = [forms.Form]
    for kind in kinds:
        kinds += kind.__subclasses__()
        for name, field in getattr(kind, "base_fields", {}).items():
            if isinstance(field.widget, forms.PasswordInput) and not kind.__module__.startswith("django."):
                yield name
    for path in (project.BASE_DIR / "templates").rglob("*.html"):
        for found in re.findall(r"<input[^>]*type=\"password\"[^>]*>", path.read_text()):
            yield re.search(r'name="([^"]+)"', found)[1]  # type: ignore[index]


def test_every_password_is_known_as_one():
    assert get_resolver().url_patterns  # every view is imported, and with it every form
    names = set(secret_names())
    assert {"password", "again"} <= names
    assert [name for name in names if not typed.SECRET.search(name)] == []
