"""The session ends under a form, or its owner signs in anew in another tab: what was typed is there again, for its owner alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from clusters import typed
from clusters.models import AuditEntry, Cluster, Node, NodeState, Snapshot
from clusters.states import Danger
from provisioning.models import Batch, Inquiry, Job
from storagepanel import settings as project
from tests.factories import PASSWORD
from tests.pages.provisioning import conftest as these
from tests.pages.provisioning.test_change_an_export import FIRST, SECOND
from tests.pages.provisioning.test_create_a_volume import GIB, GOOD

pytestmark = pytest.mark.django_db
NEW = "/c/web-files/volumes/new/"
EDIT = "/c/web-files/exports/1/edit/"


@pytest.fixture(autouse=True)
def room(web_files: Cluster) -> None:
    NodeState.objects.create(
        node=web_files.nodes.get(name="alice"),
        reachable=True,
        read_at=timezone.now(),
        vg_size=80 * GIB,
        vg_free=40 * GIB,
    )


@pytest.fixture
def tab() -> Client:
    """A browser: unlike Django's test client it is asked for the CSRF token."""
    return Client(enforce_csrf_checks=True)


def page(response: Any) -> str:
    return str(response.content.decode())


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return unescape(found[1]) if found else ""


def carried(html: str) -> dict[str, str]:
    return {
        name: hidden(html, name) for name in ("csrfmiddlewaretoken", "form_of", "key", "as_of") if hidden(html, name)
    }


def sign_in(tab: Client, name: str, html: str | None = None) -> Any:
    html = page(tab.get("/sign-in/")) if html is None else html
    fields = {name: hidden(html, name) for name in ("csrfmiddlewaretoken", "next", "kept")}
    return tab.post("/sign-in/", fields | {"username": name, "password": PASSWORD})


def end_session() -> None:
    """Signed out elsewhere, expired, or cleared away."""
    Session.objects.all().delete()


def lose(tab: Client, url: str, fields: dict[str, Any], to: str = "", as_: str = "olga") -> Any:
    """Open a form, type, and send it after the session has ended; gives the page that asks to sign in."""
    sign_in(tab, as_)
    opened = page(tab.get(url))
    assert carried(opened)["form_of"]
    end_session()
    return tab.post(to or url, carried(opened) | fields)


def test_a_new_volume_is_there_again_and_was_not_sent(tab: Client, olga: Any):
    asked = lose(tab, NEW, GOOD)
    assert asked.status_code == 401
    assert "What you typed is kept: sign in again and it is in the form." in page(asked)
    assert "/srv/shop" not in page(asked) and "olga" not in page(asked)
    back = sign_in(tab, "olga", page(asked))
    assert back["Location"].startswith(f"{NEW}?typed=")
    shown = tab.get(back["Location"])
    assert shown.status_code == 200 and not Job.objects.exists()
    assert "Your session had ended.</b> Nothing was sent; look at it and send it again." in page(shown)
    for value in ('value="shop"', 'value="5"', 'value="/srv/shop"', 'value="noatime"', '<option value="xfs" selected>'):
        assert value in page(shown), value
    assert tab.post(back["Location"], carried(page(shown)) | GOOD)["Location"] == f"/jobs/{Job.objects.get().pk}/"


def test_it_says_what_is_wrong_with_it_as_always(tab: Client, olga: Any):
    asked = lose(tab, NEW, GOOD | {"name": "Shop!"})
    shown = tab.get(sign_in(tab, "olga", page(asked))["Location"])
    assert 'value="Shop!"' in page(shown) and "err-msg" in page(shown)


def test_the_clients_of_an_export_are_there_again_row_by_row(tab: Client, olga: Any):
    asked = lose(tab, EDIT, FIRST | SECOND)
    shown = page(tab.get(sign_in(tab, "olga", page(asked))["Location"]))
    assert 'name="clients" value="2"' in shown
    assert 'value="10.10.0.77"' in shown and '<option value="all_squash" selected>' in shown
    assert not Job.objects.exists()


def test_an_approval_keeps_reason_and_name_and_never_the_password(tab: Client, proposed: Callable[..., Job], olga: Any):
    job = proposed(danger=Danger.DESTROYS)
    said = {"reason": "New disks, ticket 7", "typed_name": "web-files", "password": "a-secret-of-olga"}
    asked = lose(tab, f"/jobs/{job.pk}/", said, to=f"/jobs/{job.pk}/approve/")
    sealed = typed.opened(hidden(page(asked), "kept"))
    assert sealed is not None and "password" not in sealed.fields and "a-secret" not in str(sealed)
    back = sign_in(tab, "olga", page(asked))
    assert back["Location"].startswith(f"/jobs/{job.pk}/?typed=")
    shown = page(tab.get(back["Location"]))
    assert 'value="New disks, ticket 7"' in shown and 'name="typed_name" value="web-files"' in shown
    assert "A password is never kept: type it again." in shown and "a-secret" not in shown
    job.refresh_from_db()
    assert job.status == "proposed"


def test_an_approval_that_was_refused_once_finds_its_page_too(tab: Client, proposed: Callable[..., Job], olga: Any):
    """The answer to a wrong password stands at an address that only takes a form."""
    job = proposed(danger=Danger.DESTROYS)
    sign_in(tab, "olga")
    approve = f"/jobs/{job.pk}/approve/"
    said = {"reason": "New disks", "typed_name": "web-files", "password": "wrong"}
    refused = tab.post(approve, carried(page(tab.get(f"/jobs/{job.pk}/"))) | said)
    assert refused.status_code == 422
    end_session()
    asked = tab.post(approve, carried(page(refused)) | said)
    assert sign_in(tab, "olga", page(asked))["Location"].startswith(f"/jobs/{job.pk}/?typed=")


def test_a_reason_outlives_the_plan_it_was_typed_for(tab: Client, proposed: Callable[..., Job], olga: Any):
    job = proposed(danger=Danger.INTERRUPTS)
    sign_in(tab, "olga")
    opened = carried(page(tab.get(f"/jobs/{job.pk}/")))
    Job.objects.update(status="expired")
    back = tab.post(f"/jobs/{job.pk}/approve/", opened | {"reason": "Ticket 8"})
    shown = page(tab.get(back["Location"]))
    assert "The job had moved on meanwhile." in shown and "Ticket 8" in shown


def test_somebody_else_gets_nothing_of_it(tab: Client, olga: Any, ada: Any):
    asked = lose(tab, NEW, GOOD)
    back = sign_in(tab, "ada", page(asked))
    assert back["Location"] == NEW
    shown = page(tab.get(back["Location"]))
    assert "/srv/shop" not in shown and "came-back" not in shown.replace('class="note w-work came-back"', "")
    assert "typed" not in tab.session


def test_the_address_of_somebodys_typing_is_nothing_to_others(tab: Client, olga: Any, ada: Any):
    back = sign_in(tab, "olga", page(lose(tab, NEW, GOOD)))["Location"]
    other = Client()
    other.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    assert "/srv/shop" not in page(other.get(back))
    assert "/srv/shop" not in page(tab.get(back.replace("volumes/new", "exports/new")))


@pytest.mark.parametrize("how", ["text", "signature", "nonsense"])
def test_what_was_tampered_with_is_thrown_away(tab: Client, olga: Any, how: str):
    html = page(lose(tab, NEW, GOOD))
    sealed = hidden(html, "kept")
    changed = {"text": "x" + sealed[1:], "signature": sealed[:-2] + "xx", "nonsense": "<b>"}[how]
    back = sign_in(tab, "olga", html.replace(sealed, changed))
    assert back["Location"] == NEW and "typed" not in tab.session


def test_what_is_too_old_is_thrown_away(tab: Client, olga: Any, settings: Any):
    html = page(lose(tab, NEW, GOOD))
    settings.SESSION_COOKIE_AGE = -1
    assert typed.opened(hidden(html, "kept")) is None


def test_what_is_too_large_is_left_out_and_named(tab: Client, olga: Any):
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1_500_000))  # noqa: S311
    asked = lose(tab, NEW, GOOD | {"mount_options": noise})
    assert len(hidden(page(asked), "kept")) < typed.MOST
    shown = page(tab.get(sign_in(tab, "olga", page(asked))["Location"]))
    assert 'value="shop"' in shown and "Too large to be kept: mount_options." in shown


def test_a_sheet_that_was_pasted_is_kept_and_a_file_is_said_not_to_be(tab: Client, olga: Any):
    rows = "cluster,name,size\n" + "".join(f"web-files,shop_{n},1 GiB\n" for n in range(500))
    asked = lose(tab, "/volumes/import/", {"text": rows, "file": SimpleUploadedFile("volumes.csv", b"cluster,name\n")})
    shown = page(tab.get(sign_in(tab, "olga", page(asked))["Location"]))
    assert "web-files,shop_499,1 GiB" in shown and "The file is not kept: choose it again." in shown
    assert not Batch.objects.exists()


def test_a_new_secret_key_ends_sessions_and_loses_nothing(tab: Client, olga: Any, settings: Any):
    sign_in(tab, "olga")
    opened = page(tab.get(NEW))
    settings.SECRET_KEY = "rotated" * 10
    asked = tab.post(NEW, carried(opened) | GOOD)
    assert asked.status_code == 401
    assert 'value="shop"' in page(tab.get(sign_in(tab, "olga", page(asked))["Location"]))


def test_a_wrong_password_in_between_loses_nothing(tab: Client, olga: Any):
    asked = page(lose(tab, NEW, GOOD))
    fields = {name: hidden(asked, name) for name in ("csrfmiddlewaretoken", "next", "kept")}
    wrong = tab.post("/sign-in/", fields | {"username": "olga", "password": "wrong"})
    assert wrong.status_code == 422 and "What you typed is kept" in page(wrong)
    for _ in range(9):
        shut = tab.post("/sign-in/", fields | {"username": "olga", "password": "wrong"})
    assert shut.status_code == 429 and "What you typed before is still kept." in page(shut)
    again = tab.post("/sign-in/", {name: hidden(page(shut), name) for name in fields})
    assert again.status_code == 200 and hidden(page(again), "kept") == fields["kept"]


def test_signing_in_anew_in_another_tab_loses_nothing(tab: Client, olga: Any):
    sign_in(tab, "olga")
    opened = page(tab.get(NEW))
    end_session()
    sign_in(tab, "olga")  # the token of the open form is none any more
    back = tab.post(NEW, carried(opened) | GOOD)
    assert back["Location"].startswith(f"{NEW}?typed=")
    shown = page(tab.get(back["Location"]))
    assert "You signed in again after this form was opened." in shown and 'value="shop"' in shown
    assert not Job.objects.exists()


def test_a_form_of_somebody_else_is_not_taken_and_not_shown(tab: Client, olga: Any, ada: Any):
    sign_in(tab, "olga")
    opened = page(tab.get(NEW))
    end_session()
    sign_in(tab, "ada")
    answer = tab.post(NEW, carried(opened) | GOOD)
    assert answer.status_code == 403 and "This form is not yours." in page(answer)
    assert "typed" not in tab.session and "/srv/shop" not in page(answer)


@pytest.mark.parametrize("mark", ["{pk}:/c/web-files/volumes/new/:1:forged", "{pk}:/c/web-files/volumes/new/", ""])
def test_no_other_site_can_put_words_in_a_form(tab: Client, olga: Any, mark: str):
    """Without the token the mark has to be one that the panel gave; a site elsewhere cannot read one."""
    sign_in(tab, "olga")
    answer = tab.post(NEW, GOOD | {"form_of": mark.format(pk=olga.pk)})
    assert answer.status_code == 403 and "This form is too old." in page(answer)
    assert "typed" not in tab.session


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example"]
)
def test_nobody_is_led_away(tab: Client, olga: Any, there: str):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    end_session()
    answer = tab.post(NEW, opened | GOOD | {"form_of": f"{olga.pk}:{there}:1:x"})
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next=/")


def test_a_sign_in_page_that_was_open_meanwhile_leads_on(tab: Client, olga: Any):
    """Signed in in another tab: the waiting page needs no password any more, only the right person."""
    asked = page(lose(tab, NEW, GOOD))
    sign_in(tab, "olga")
    assert sign_in(tab, "olga", asked)["Location"].startswith(f"{NEW}?typed=")


def test_a_check_while_typing_leaves_the_page_alone(tab: Client, olga: Any):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    end_session()
    answer = tab.post(f"{NEW}?check=1", opened | GOOD, headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (401, "#ended", "innerHTML")
    assert "Your session has ended." in page(answer) and 'target="_blank"' in page(answer)
    assert "HX-Redirect" not in answer and "form" not in re.findall(r"<(\w+)", page(answer))


def test_a_check_with_the_token_of_before_gets_the_new_one(tab: Client, olga: Any, ada: Any):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    end_session()
    sign_in(tab, "olga")
    answer = tab.post(f"{NEW}?check=1", opened | GOOD, headers={"hx-request": "true"})
    assert answer.status_code == 204
    token = json.loads(answer["HX-Trigger"])["newToken"]
    assert tab.post(NEW, opened | GOOD | {"csrfmiddlewaretoken": token}).status_code == 302 and Job.objects.exists()
    forged = opened | GOOD | {"form_of": f"{olga.pk}:{NEW}:1:forged", "csrfmiddlewaretoken": "x" * 64}
    assert "HX-Trigger" not in tab.post(f"{NEW}?check=1", forged, headers={"hx-request": "true"})


def test_signing_out_and_the_theme_are_nothing_to_come_back_to(tab: Client, olga: Any):
    assert lose(tab, "/", {}, to="/sign-out/")["Location"] == "/sign-in/?next=/"


def test_a_button_leads_back_to_its_page_and_is_not_pressed(tab: Client, proposed: Callable[..., Job], olga: Any):
    job = proposed()
    asked = lose(tab, f"/jobs/{job.pk}/", {}, to=f"/jobs/{job.pk}/cancel/")
    assert "Sign in again to go on where you were." in page(asked)
    shown = page(tab.get(sign_in(tab, "olga", page(asked))["Location"]))
    assert "Your session had ended.</b> Nothing was sent." in shown
    job.refresh_from_db()
    assert job.status == "proposed"


def test_a_form_that_is_not_filled_again_has_what_was_typed_beside_it(tab: Client, ada: Any, olga: Any):
    asked = lose(tab, "/people/olga/", {"level": "1", "cluster": "web-files"}, to="/people/olga/level/", as_="ada")
    shown = page(tab.get(sign_in(tab, "ada", page(asked))["Location"]))
    assert "What you typed" in shown and '<dt>cluster</dt><dd class="wrapany">web-files</dd>' in shown


def test_a_draft_that_somebody_saved_meanwhile_is_not_overwritten_unseen(tab: Client, bare: Cluster, ada: Any):
    url = "/c/shop-files/draft/nodes/"
    asked = lose(tab, url, these.NODES, as_="ada")
    Node.objects.create(cluster=bare, name="carol", ssh_host="10.10.0.99", position=0)
    back = sign_in(tab, "ada", page(asked))["Location"]
    shown = page(tab.get(back))
    assert 'value="10.10.0.12"' in shown
    answer = tab.post(url, carried(shown) | these.NODES)
    assert answer.status_code == 409 and "Somebody else saved this step meanwhile." in page(answer)


def test_what_a_tab_remembers_is_shown_and_not_sent(tab: Client, olga: Any):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    fields = [*GOOD.items(), ("password", "hunter2"), ("form_of", "1:/")]
    back = tab.post("/typed/", opened | {"page": NEW, "fields": json.dumps(fields)})
    shown = page(tab.get(back["Location"]))
    assert "This is what you typed before you left the page." in shown and 'value="/srv/shop"' in shown
    assert "hunter2" not in shown and not Job.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"fields": "[["},
        {"fields": '{"a": 1}'},
        {"fields": "5"},
        {"page": "https://evil.example/"},
        {},
        {"fields": "[" * 99999},
    ],
)
def test_nonsense_from_a_tab_leads_to_the_fleet(tab: Client, olga: Any, sent: dict[str, str]):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    assert tab.post("/typed/", opened | {"page": "", "fields": "[]"} | sent)["Location"] == "/"
    assert tab.get("/typed/").status_code == 405
    assert Client().post("/typed/")["Location"].startswith("/sign-in/")


def test_few_are_kept_at_once(tab: Client, olga: Any):
    sign_in(tab, "olga")
    opened = carried(page(tab.get(NEW)))
    for _ in range(5):
        tab.post("/typed/", opened | {"page": NEW, "fields": json.dumps(list(GOOD.items()))})
    assert len(tab.session["typed"]) == typed.AT_ONCE


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
