"""What a change of clients takes from those who stay."""

from __future__ import annotations

import pytest

from clusters.export_access import Client
from clusters.export_rights import gave_more, keeps, singled_out, still_gets

RW, RO = ("rw",), ("ro",)


@pytest.mark.parametrize(("new", "before", "gave"), [
    (("10.0.0.7", RO), [("10.0.0.0/24", RW)], "10.0.0.0/24"),
    (("10.0.0.7", RW), [("10.0.0.0/24", RO)], ""),
    (("10.0.0.7", RO), [("10.0.1.0/24", RW), ("fd00::/8", RW)], ""),
    (("10.0.0.7", RO), [("*", RW)], "*"),
    (("10.0.0.0/25", RO), [("10.0.0.0/24", RW)], "10.0.0.0/24"),
    (("10.0.0.0/24", RO), [("10.0.0.7", RW)], ""),  # a host's own line wins
    (("a.example", RO), [("10.0.0.0/24", RW)], "10.0.0.0/24"),  # it may be one of them
    (("a.example", RO), [("b.example", RW)], ""),
    (("@staff", RO), [("a.example", RW)], ""),
    (("*", RO), [("10.0.0.0/24", RW)], ""),
    (("10.0.0.7", ("rw", "all_squash")), [("10.0.0.0/24", RW)], "10.0.0.0/24"),
])  # fmt: skip
def test_a_new_entry_takes_from_those_a_wider_one_gave_more(new: Client, before: list[Client], gave: str) -> None:
    assert gave_more(new, before, [new, *before]) == gave


@pytest.mark.parametrize(("new", "before", "gave"), [
    (("10.0.0.0/25", RO), [("10.0.0.0/24", RW)], ""),  # the first of two networks wins, however small the second one is
    (("10.0.0.7", RO), [("10.0.0.0/24", RW)], "10.0.0.0/24"),  # a host is looked for before any network
    (("10.0.0.0/24", RO), [("10.0.0.0/25", RW)], ""),
    (("10.0.0.0/25", RO), [("10.0.0.0/24", RW), ("*", RW)], ""),
    (("@staff", RO), [("*.example", RW)], ""),
])  # fmt: skip
def test_an_entry_at_the_end_takes_nothing_from_those_an_earlier_one_means(
    new: Client, before: list[Client], gave: str
) -> None:
    assert gave_more(new, before, [*before, new]) == gave


def test_who_got_no_more_before_loses_nothing_though_somebody_wider_gave_more() -> None:
    before = [("10.0.0.0/24", RO), ("*", RW)]
    assert gave_more(("10.0.0.7", RO), before, [*before, ("10.0.0.7", RO)]) == ""


@pytest.mark.parametrize(("clients", "said"), [
    ([("10.0.0.0/24", RW), ("10.0.0.7", RO)],
     ["10.0.0.7 lies within 10.0.0.0/24 and has a line of its own, which wins wherever it stands: it may only read, root squashed."]),
    ([("fd00::7", RW), ("fd00::/8", RO)],
     ["fd00::7 lies within fd00::/8 and has a line of its own, which wins wherever it stands: it may read and write, root squashed."]),
    ([("10.0.0.0/24", RW), ("10.0.0.7", RW)], []),
    ([("10.0.0.0/24", RW), ("10.0.1.7", RO), ("a.example", RO), ("fd00::7", RO)], []),
])  # fmt: skip
def test_a_host_within_a_network_with_other_options_is_told(clients: list[Client], said: list[str]) -> None:
    assert list(singled_out(clients)) == said


@pytest.mark.parametrize(("gone", "now", "entry"), [
    ("10.0.0.7", [("10.0.0.0/24", RW)], "10.0.0.0/24"),
    ("10.0.0.0/24", [("10.0.0.0/16", RO)], "10.0.0.0/16"),
    ("10.0.0.0/24", [("10.0.0.0/25", RW), ("10.0.0.0/16", RO)], None),  # a half of it gets something else
    ("10.0.0.0/24", [("10.0.0.7", RW)], None),
    ("10.0.0.7", [("a.example", RW), ("*", RO)], None),  # it may be a.example
    ("10.0.0.7", [("*", RO)], "*"),
    ("a.example", [("10.0.0.0/24", RW)], None),
    ("fd00::/64", [("10.0.0.0/8", RW), ("fd00::/8", RO)], "fd00::/8"),
    ("10.0.0.7", [], None),
])  # fmt: skip
def test_who_still_decides_when_an_entry_is_gone(gone: str, now: list[Client], entry: str | None) -> None:
    found = still_gets(gone, now)
    assert (found and found[0]) == entry


@pytest.mark.parametrize(("before", "now", "kept"), [
    ([("10.0.0.0/24", RW)], [("10.0.0.7", RW)], True),
    ([("10.0.0.0/24", RW)], [("10.0.0.7", RO)], False),
    ([("10.0.0.0/24", RW)], [("10.0.0.8", RW)], False),
    ([("10.0.0.8", RW)], [], True),  # it had nothing
    ([("10.0.0.0/24", RO)], [("10.0.0.0/24", RO), ("a.example", RW)], False),  # not for certain: it may have that name
    ([("*.example", RW)], [("*.example", RW)], True),
])  # fmt: skip
def test_who_keeps_what_it_has(before: list[Client], now: list[Client], kept: bool) -> None:
    assert keeps("10.0.0.7", before, now) is kept


@pytest.mark.parametrize("name", ["a.example", ""])
def test_of_a_client_known_by_a_name_nothing_is_certain(name: str) -> None:
    assert not keeps(name, [("10.0.0.0/24", RW)], [("10.0.0.0/24", RO)])
