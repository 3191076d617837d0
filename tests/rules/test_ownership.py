"""Owners and modes of directories."""

from __future__ import annotations

import pytest

from clusters import rules


@pytest.mark.parametrize(
    "value", ["ada", "ada:staff", "1000", "1000:1000", "www-data:users", "_chrony", "0:4294967294"]
)
def test_an_owner(value: str) -> None:
    assert rules.owner(value) == value


@pytest.mark.parametrize(
    "value",
    ["", ":staff", "ada:", "ada.staff", "a b", "-R", "--reference=/etc/shadow", "ada:staff:x", "ada;reboot", "4294967295", "é", "1a", "x" * 80, "٣"],
)  # fmt: skip
def test_no_owner(value: str) -> None:
    with pytest.raises(rules.RuleError):
        rules.owner(value)


def test_capitals_get_an_offer() -> None:
    with pytest.raises(rules.RuleError) as refused:
        rules.owner("Ada:Staff")
    assert refused.value.offer == "ada:staff"


@pytest.mark.parametrize(("value", "is_"), [("755", "0755"), ("2775", "2775"), ("1777", "1777"), ("3770", "3770")])
def test_a_mode(value: str, is_: str) -> None:
    assert rules.mode(value) == is_


@pytest.mark.parametrize(
    ("value", "offer"),
    [("4755", "0755"), ("6770", "2770"), ("u+w", ""), ("", ""), ("75", ""), ("0o755", ""), ("00755", ""), ("٧٥٥", "")],
)
def test_no_mode(value: str, offer: str) -> None:
    with pytest.raises(rules.RuleError) as refused:
        rules.mode(value)
    assert refused.value.offer == offer
