"""Opening an export over NFS 4.0, against bytes as RFC 7530 and RFC 1813 lay them out, written by hand."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

import pytest

from provisioning import nfs_look, observer
from provisioning.nfs_look import ANOTHER_KIND, How, Opened
from provisioning.xdr import RpcError
from tests.running.test_observer import accepted, program, server, text

PATH = "/srv/homes"
PUTROOTFH, LOOKUP, GETFH, GETATTR = "00000018", "0000000f", "0000000a", "00000009"
DOWN = f"{PUTROOTFH}00000000 {LOOKUP}00000000 {LOOKUP}00000000"
# Version 1, no authorisation, FSID_NUM, the root of its export; 13 in the order of a PC.
HANDLE = "00000008 01000100 0d000000"
UUID_HANDLE = "00000018 01000600 00112233445566778899aabbccddeeff 00000000"
FSID_13 = "00000001 00000100 00000010 000000000000000d 0000000000000000"
EMPTY_TAG = "00000000"


def raw(words: str) -> bytes:
    return bytes.fromhex(words.replace(" ", ""))


def compound(status: str, count: str, results: str) -> bytes:
    return raw(f"{status} {EMPTY_TAG} {count} {results}")


OPENS = compound("00000000", "00000005", f"{DOWN} {GETFH}00000000 {HANDLE} {GETATTR}00000000 {FSID_13}")
ANSWERS = {
    "opens": (OPENS, Opened(How.OPENS, 13)),
    "an fsid that is no number": (
        compound("00000000", "00000005", f"{DOWN} {GETFH}00000000 {HANDLE} {GETATTR}00000000 "
                 "00000001 00000100 00000010 0011223344556677 8899aabbccddeeff"),
        Opened(How.OPENS, ANOTHER_KIND),
    ),
    "privileged ports": (
        compound("00000001", "00000005", f"{DOWN} {GETFH}00000000 {HANDLE} {GETATTR}00000001"), Opened(How.PORTS, 13)
    ),
    "privileged ports, by UUID": (
        compound("00000001", "00000005", f"{DOWN} {GETFH}00000000 {UUID_HANDLE} {GETATTR}00000001"),
        Opened(How.PORTS, ANOTHER_KIND),
    ),
    "privileged ports on the way": (
        compound("00000001", "00000003", f"{PUTROOTFH}00000000 {LOOKUP}00000000 {LOOKUP}00000001"),
        Opened(How.UNTOLD, why="NFS4ERR_PERM"),
    ),
    "Kerberos": (
        compound("00002720", "00000003", f"{PUTROOTFH}00000000 {LOOKUP}00000000 {LOOKUP}00002720"), Opened(How.KERBEROS)
    ),
    "Kerberos on the way": (
        compound("00002720", "00000002", f"{PUTROOTFH}00000000 {LOOKUP}00002720"),
        Opened(How.UNTOLD, why="NFS4ERR_WRONGSEC, on the way to it"),
    ),
    "not there": (
        compound("00000002", "00000003", f"{PUTROOTFH}00000000 {LOOKUP}00000000 {LOOKUP}00000002"), Opened(How.ABSENT)
    ),
    "nothing there": (compound("00000002", "00000001", f"{PUTROOTFH}00000002"), Opened(How.ABSENT)),
    "no rights": (
        compound("0000000d", "00000003", f"{PUTROOTFH}00000000 {LOOKUP}00000000 {LOOKUP}0000000d"),
        Opened(How.UNTOLD, why="NFS4ERR_ACCESS"),
    ),
    "no reason": (compound("00002722", "00000000", ""), Opened(How.UNTOLD, why="it ends with NFS4ERR_RESOURCE")),
}  # fmt: skip


def test_the_question_is_what_the_rfc_says() -> None:
    assert nfs_look.walk("/srv/homes") == raw(
        f"{EMPTY_TAG} 00000000 00000005"
        f"{PUTROOTFH} {LOOKUP} 00000003 73727600 {LOOKUP} 00000005 686f6d6573000000"
        f"{GETFH} {GETATTR} 00000001 00000100"
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_means(name: str) -> None:
    body, meaning = ANSWERS[name]
    assert nfs_look.walked(body, PATH) == meaning


def test_the_call_says_root_of_a_machine_without_a_name() -> None:
    calls: list[bytes] = []

    def nfsd(call: bytes) -> bytes:
        calls.append(call)
        return accepted(call, OPENS)

    with server(nfsd) as port:
        assert observer.opens("127.0.0.1", PATH, port=port) == Opened(How.OPENS, 13)
    credentials = "00000001 00000014 00000000 00000000 00000000 00000000 00000000"
    assert calls[0][4:24] == raw("00000000 00000002 000186a3 00000004 00000001")
    assert calls[0][24:60] == raw(f"{credentials} 00000000 00000000")


@pytest.mark.parametrize("length", range(0, len(OPENS), 4))
def test_an_answer_that_is_cut_off(length: int) -> None:
    with pytest.raises(RpcError):
        nfs_look.walked(OPENS[:length], PATH)


BAD = {
    "a huge tag": raw("00000000 7fffffff 00000000"),
    "a huge handle": compound("00000000", "00000005", f"{DOWN} {GETFH}00000000 7ffffff0"),
    "more parts than asked for": compound("00000000", "7fffffff", DOWN),
    "something else": compound("00000000", "00000001", f"{LOOKUP}00000000"),
    "other attributes": compound("00000000", "00000005", f"{DOWN} {GETFH}00000000 {HANDLE} {GETATTR}00000000 "
                                 "7fffffff 00000100 00000010"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_makes_no_sense_could_not_be_told(name: str) -> None:
    with server(lambda call: accepted(call, BAD[name])) as port:
        seen = observer.opens("127.0.0.1", PATH, port=port)
    assert seen.how is How.UNTOLD and seen.why


def test_an_answer_to_another_call() -> None:
    with server(lambda call: b"\0\0\0\1" + accepted(call, OPENS)[4:]) as port:
        assert observer.opens("127.0.0.1", PATH, port=port) == Opened(
            How.UNTOLD, why="its answer belongs to another call"
        )


def test_an_answer_that_is_too_long() -> None:
    with server(lambda call: accepted(call, bytes(nfs_look.LIMIT))) as port:
        assert observer.opens("127.0.0.1", PATH, port=port).why == "its answer is too long"


def test_an_answer_that_comes_drop_by_drop() -> None:
    """Each piece arrives in time, the whole never does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(raw("80000400"))
            while True:
                time.sleep(0.05)
                connection.sendall(b"x")

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with listener:
        seen = observer.opens("127.0.0.1", PATH, 0.3, port=listener.getsockname()[1])
    assert seen.how is How.UNTOLD and time.monotonic() - began < 10


def test_a_server_that_asks_to_wait_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "_PAUSE", 0.0)
    bodies = [compound("00002718", "00000001", f"{PUTROOTFH}00002718"), OPENS]
    with server(lambda call: accepted(call, bodies.pop(0))) as port:
        assert observer.opens("127.0.0.1", PATH, port=port).how is How.OPENS


def test_an_address_that_no_call_is_taken_from() -> None:
    def denied(call: bytes) -> bytes:
        return call[:4] + raw("00000001 00000001 00000001 00000001")

    with server(denied) as port:
        assert observer.opens("127.0.0.1", PATH, port=port) == Opened(How.ABSENT)


OFF = {
    "no 4.0": lambda call: accepted(call, compound("00002725", "00000000", "")),
    "no 4": lambda call: accepted(call, raw("00000003 00000003"), status=2),
}


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize(
    ("answer", "meaning", "told"),
    [
        (f"00000000 {HANDLE} 00000001 00000001", Opened(How.OPENS, 13), [1, 3]),
        (f"00000000 {HANDLE} 00000001 0005f3c3", Opened(How.KERBEROS, 13), [1, 3]),
        ("0000000d", Opened(How.REFUSED), [1]),
        ("00000002", Opened(How.UNTOLD, why="MOUNT ends with status 2"), [1]),
        ("00000000 7fffffff", Opened(How.UNTOLD, why="its answer holds 2147483647 bytes where at most 64 belong"), [1]),
    ],
)
def test_without_version_4_0_rpc_mountd_is_asked(off: str, answer: str, meaning: Opened, told: list[int]) -> None:
    """And told that nothing is mounted: it notes who was given a handle."""
    asked: list[int] = []

    def mountd(call: bytes) -> bytes:
        assert program(call)[:2] == (observer.MOUNT, 3) and call.endswith(text(PATH))
        asked.append(program(call)[2])
        return accepted(call, raw(answer) if asked[-1] == 1 else b"")

    with (
        server(mountd) as mount,
        server(lambda call: accepted(call, struct.pack(">I", mount))) as mapper,
        server(OFF[off]) as port,
    ):
        assert observer.opens("127.0.0.1", PATH, port=port, mapper=mapper) == meaning
    assert asked == told


def test_the_look_tells_its_own_address_and_opens_only_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def nfsd(call: bytes) -> bytes:
        asked.append(program(call)[2])
        return accepted(call, OPENS if program(call)[2] else b"")

    paths = tuple(f"/srv/{number}" for number in range(1000))
    monkeypatch.setattr(observer, "export_list", lambda ip, timeout: paths)
    with server(nfsd) as port:
        seen = observer.look("127.0.0.1", ("/srv/7",), port=port)
    assert (seen.address, seen.opened) == ("127.0.0.1", (("/srv/7", Opened(How.OPENS, 13)),))
    assert asked == [0, 1]
