"""No name that people choose may stand in an address where a page of the panel's own stands."""

from __future__ import annotations

import re

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from clusters import rules

RULES = {
    ("c", "<slug>"): rules.slug,
    ("volumes", "<name>"): rules.volume_name,
    ("snapshots", "<snapshot>"): rules.snapshot_name,
    ("people", "<name>"): rules.person_name,
}
CHOSEN_BY_NOBODY = {("draft", "<step>"), ("remove", "<kind>"), ("first-admin", "<token>")}


def addresses(resolver: URLResolver, before: str = "") -> list[list[str]]:
    found: list[list[str]] = []
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            found.append(re.sub(r"<(slug|str):(\w+)>", r"<\2>", route).strip("/").split("/"))
        else:
            found += addresses(one, route)
    return found


EVERY = addresses(get_resolver())
NAMED = sorted(
    {
        (tuple(parts[:at]), part)
        for parts in EVERY
        for at, part in enumerate(parts)
        if part.startswith("<") and ":" not in part and (parts[at - 1], part) not in CHOSEN_BY_NOBODY
    }
)


@pytest.mark.parametrize(("before", "name"), NAMED, ids=lambda part: part if isinstance(part, str) else "/".join(part))
def test_what_stands_beside_a_name_is_no_name(before: tuple[str, ...], name: str):
    rule = RULES[before[-1], name]
    beside = {
        parts[len(before)] for parts in EVERY if len(parts) > len(before) and tuple(parts[: len(before)]) == before
    }
    for word in beside - {name, ""}:
        with pytest.raises(rules.RuleError):
            rule(word)


def test_the_addresses_were_found():
    assert (
        (("c", "<slug>", "volumes"), "<name>") in NAMED
        and (("people",), "<name>") in NAMED
        and (("c",), "<slug>") in NAMED
    )
