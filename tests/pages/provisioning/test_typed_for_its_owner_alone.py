"""What was typed before a session ended is shown to nobody else, and nobody else can put words there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from clusters import typed
from tests.pages.provisioning.lost_forms import NEW, carried, end_session, hidden, lose, page, sign_in
from tests.pages.provisioning.test_create_a_volume import GOOD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("room_for_volumes")]


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
