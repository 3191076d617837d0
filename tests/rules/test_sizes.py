"""Sizes: a number and a unit, and nothing that could be read twice."""

import pytest

from clusters import rules


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1 KiB", 1024),
        ("40 GiB", 40 * 2**30),
        ("40GiB", 40 * 2**30),
        ("1.5 TiB", 3 * 2**39),
        ("0.5 MiB", 2**19),
        ("1024 TiB", 2**50),
    ],
)
def test_sizes(text, amount):
    assert rules.size(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "0", "0 GiB", "-1 GiB", "1e999 GiB", "nan GiB", "inf", "GiB", "1025 TiB", "1 GiB 2", "0x10 GiB", "٤ GiB", "1\nGiB", "9" * 64,
     "1,5 GiB", "1 KB", "40", "40 GB", "4 G", "1. GiB", ".5 GiB", "1 PiB", "1 gib"],
)  # fmt: skip
def test_sizes_that_are_none(text):
    with pytest.raises(rules.RuleError):
        rules.size(text)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("1 KB", "1 KiB"), ("40 GB", "40 GiB"), ("1,5 TiB", "1.5 TiB"), ("40", "40 GiB"), ("40 gib", "40 GiB")],
)
def test_what_was_meant_is_offered(typed, offered):
    with pytest.raises(rules.RuleError) as refused:
        rules.size(typed)
    assert refused.value.offer == offered
    rules.size(offered)
