"""What a node prints is looked at, never obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters import nodetext


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("10%\r50%\r100%", "100%"),
        ("done\r\n", "done\n"),
        ("a\0b\x07", "a␀b␇"),
        ("a\x7f", "a␡"),
        ("abc\u202egpj.exe", "abc⟨U+202E⟩gpj.exe"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("two\u2028lines", "two⟨U+2028⟩lines"),
        ("Größe ≈ 5 µs 日本", "Größe ≈ 5 µs 日本"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x1b", "␛"),
        ("\x9b31mred", "red"),
    ],
)
def test_it_is_shown_as_text(printed, shown):
    assert nodetext.clean(printed) == shown


@given(st.text(st.characters(), max_size=300))
def test_nothing_invisible_is_left(text):
    cleaned = nodetext.clean(text)
    assert "\x1b" not in cleaned and "\r" not in cleaned and "\0" not in cleaned
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    cleaned.encode()


def test_a_long_output_keeps_its_two_ends_and_says_what_is_left_out():
    whole = "x" * 2000 + "y" * 5000 + "z" * 4000
    shown = nodetext.capped(whole[:2000], whole[-4000:], len(whole))
    assert "… 5 000 more characters …" in shown
    assert shown.startswith("xxx") and shown.endswith("zzz")


def test_an_output_that_fits_is_whole_even_where_the_ends_overlap():
    whole = "".join(chr(97 + i % 26) for i in range(5000))
    assert nodetext.capped(whole[:2000], whole[-4000:], 5000) == whole
    assert nodetext.capped("short", "short", 5) == "short"
