"""The framing takes any bytes, on both sides of the channel."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.transport import frames
from provisioning.transport.world import Result

FIELDS = st.lists(st.binary(max_size=200), max_size=12)


@given(FIELDS)
def test_fields_come_back(fields: list[bytes]) -> None:
    assert frames.unpack(frames.pack(*fields)) == fields


@given(FIELDS, st.data())
def test_a_cut_message_is_refused_or_whole(fields: list[bytes], data: st.DataObject) -> None:
    body = frames.pack(*fields)
    cut = body[: data.draw(st.integers(0, len(body)))]
    try:
        assert frames.unpack(cut) == fields[: len(frames.unpack(cut))]
    except frames.Garbled:
        assert len(cut) < len(body)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_live_output_cut_anywhere_reads_as_whole(raw: bytes, cuts: list[int]) -> None:
    raw += b"."  # ends on a whole character
    decoder, at, told = frames.Decoder(), 0, ""
    for cut in [*sorted(cuts), len(raw)]:
        told += decoder.feed(raw[at : max(at, cut)])
        at = max(at, cut)
    assert told == frames.text(raw)
    assert "\0" not in told


@pytest.mark.parametrize("fields", [[], [b"0"], [b"x", b"1", b"0", b"", b""], [b"0", b"soon", b"0", b"", b""]])
def test_a_result_of_another_shape_is_refused(fields: list[bytes]) -> None:
    with pytest.raises(frames.Garbled):
        frames.result(fields)


def test_a_result() -> None:
    assert frames.result([b"", b"1.234", b"1", b"out", b"e\xff"]) == Result(None, "out", "e\ufffd", 1.23, True)


def test_perl_packs_as_python_does(tmp_path: Path) -> None:
    fields = [bytes(range(256)), b"", b"\n", "é".encode()]
    program = (frames.STEP.split(b"# Runs one step")[0] + b"binmode STDIN; binmode STDOUT; local $/;"
               b"print pack_fields(unpack_fields(<STDIN>));")  # fmt: skip
    done = subprocess.run(["perl", "-e", program.decode()], input=frames.pack(*fields), capture_output=True, check=True)
    assert frames.unpack(done.stdout) == fields
