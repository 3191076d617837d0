"""The session ends under a form, or its owner signs in anew in another tab: what was typed is there again, for its owner alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from clusters import typed
from clusters.models import Cluster, Node
from clusters.states import Danger
from provisioning.models import Batch, Job
from tests.pages.provisioning import conftest as these
from tests.pages.provisioning.lost_forms import EDIT, NEW, carried, end_session, hidden, lose, page, sign_in
from tests.pages.provisioning.test_change_an_export import FIRST, SECOND
from tests.pages.provisioning.test_create_a_volume import GOOD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room_for_volumes")]


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
    assert "What you typed was not used." in shown and "send it again" not in shown


def test_the_second_of_two_approvals_is_told_one_thing(tab: Client, proposed: Callable[..., Job], olga: Any):
    job = proposed(danger=Danger.INTERRUPTS)
    sign_in(tab, "olga")
    opened = carried(page(tab.get(f"/jobs/{job.pk}/")))
    Job.objects.update(status="queued", approved_by="ada", approved_at=timezone.now())
    back = tab.post(f"/jobs/{job.pk}/approve/", opened | {"reason": "Ticket 8"})
    shown = page(tab.get(back["Location"]))
    assert "ada approved it at" in shown and "Your approval was not needed." in shown
    assert "send it again" not in shown and "Look at its page" not in shown


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
