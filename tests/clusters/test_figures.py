"""Figures as people read them."""

import pytest

from clusters.figures import size_text

MIB, GIB = 2**20, 2**30


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1.5 * 2**10, "1.5 KiB"),
        (410 * MIB, "410 MiB"),
        (0.4 * GIB, "410 MiB"),
        (1023.6 * MIB, "1 GiB"),
        (GIB, "1 GiB"),
        (1.4 * GIB, "1.4 GiB"),
        (9.94 * GIB, "9.9 GiB"),
        (9.96 * GIB, "10 GiB"),
        (10.4 * GIB, "10 GiB"),
        (1536 * GIB, "1536 GiB"),
        (12 * 2**40, "12 TiB"),
    ],
)
def test_a_size_below_ten_keeps_one_decimal_and_below_one_the_smaller_unit(size: float, text: str):
    assert size_text(size) == text
