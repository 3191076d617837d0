"""Values that nobody types: numbers in bounds, words of a list, keys, serial numbers."""

from __future__ import annotations

import pytest

from clusters import rules


@pytest.mark.parametrize("value", [1, 32, 16])
def test_a_number_within_its_bounds(value: int) -> None:
    assert rules.whole(value, "The length", 1, 32) == value


@pytest.mark.parametrize("value", [0, 33, -1, True, 2**70])
def test_a_number_beyond_them(value: int) -> None:
    with pytest.raises(rules.RuleError, match="1 to 32 are possible"):
        rules.whole(value, "The length", 1, 32)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (rules.algorithm, ["crc32c", "sha256", "sha3-256"], ["", "crc32c;", "CRC", "-x", "a\n"]),
        (rules.rate, ["100M", "8000", "1G"], ["", "fast", "100 M", "100MB", "1;"]),
        (rules.serial, ["", "S5GXNX0T", "WD-WCC4 N7"], ["a\nb", "é", "x" * 101, "a\x00"]),
        (
            rules.public_key,
            ["ssh-ed25519 AAAAC3NzaC1", "ssh-rsa AAAAB3NzaC1yc2E= root@alice", "ecdsa-sha2-nistp256 AAAAE2VjZHNh=="],
            ["", "ssh-ed25519", "ssh-dss AAAAB3NzaC1", "ssh-ed25519 AAAAC3NzaC1\nssh-rsa AAAAB3NzaC1", 'command="x" ssh-rsa AAAAB3NzaC1'],
        ),
    ],
)  # fmt: skip
def test_words_of_a_kind(rule, good, bad) -> None:  # type: ignore[no-untyped-def]
    assert [rule(value) for value in good] == good
    for value in bad:
        with pytest.raises(rules.RuleError):
            rule(value)
